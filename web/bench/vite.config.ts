/** The page that tests/bench/canvas.py measures: the app on a wire without a server. Not part of what is shipped. */

import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('../src', import.meta.url)) } },
  publicDir: '../public',
  build: { target: 'es2022', chunkSizeWarningLimit: 1200, outDir: 'dist', emptyOutDir: true },
})
