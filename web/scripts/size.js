// The scripts that the page loads first must stay small: at most 350 kB gzipped.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const LIMIT_KB = 350
const html = readFileSync('dist/index.html', 'utf8')
const scripts = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map((m) => m[1])
const size = scripts.reduce((sum, path) => sum + gzipSync(readFileSync(`dist${path}`)).length, 0) / 1000
console.log(`initial script: ${size.toFixed(0)} kB gzipped (limit ${LIMIT_KB} kB)`)
if (size > LIMIT_KB) process.exit(1)
