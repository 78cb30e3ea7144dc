import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: { target: 'es2022', chunkSizeWarningLimit: 1200 },
  server: { proxy: { '/socket.io': { target: 'http://127.0.0.1:8080', ws: true } } },
  // a loaded machine is slow, not wrong
  test: { environment: 'jsdom', testTimeout: 60_000, include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'] },
})
