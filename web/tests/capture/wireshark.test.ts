// @vitest-environment node
/** Display filters against Wireshark's own (sharkd, of Debian's wireshark-common) on a recorded capture: the same frames, or refused. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FilterError } from '@/capture/filter'
import { FrameStore } from '@/capture/store'

const FILE = join(import.meta.dirname, '../../../tests/data/filters.pcap')

const filters = (name: string): string[] =>
  readFileSync(join(import.meta.dirname, name), 'utf8')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
const [SAME, REFUSED] = [filters('filters.txt'), filters('refused.txt')]

/** The file's frames in the form that the server sends (`protocol/captures.py`). */
function packed(): Uint8Array<ArrayBuffer> {
  const file = readFileSync(FILE)
  const from = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const out: Buffer[] = []
  for (let at = 24; at < file.length; at += 16 + from.getUint32(at + 8, true)) {
    const head = Buffer.alloc(20)
    const ns = BigInt(from.getUint32(at, true)) * 1_000_000_000n + BigInt(from.getUint32(at + 4, true)) * 1000n
    head.writeBigUInt64LE(ns, 0)
    head.writeUInt32LE(from.getUint32(at + 12, true), 8)
    head.writeUInt32LE(from.getUint32(at + 8, true), 12)
    out.push(head, file.subarray(at + 16, at + 16 + from.getUint32(at + 8, true)))
  }
  return new Uint8Array(Buffer.concat(out))
}

const store = new FrameStore()
store.reset(['a/e0'])
store.add(1, packed(), 1)

/** The numbers of the frames that pass; null: refused. */
function ours(filter: string): number[] | null {
  store.setFilter(filter)
  const { error, shown } = store.counts()
  return error ? null : store.rows(0, shown).map((row) => row.number)
}

/** The same by sharkd, for all filters at once; null: refused. */
function theirs(filters: readonly string[]): (number[] | null)[] {
  const asked = [
    { method: 'load', params: { file: FILE } },
    ...filters.map((filter) => ({ method: 'frames', params: { filter } })),
  ]
  const input = asked.map((one, id) => JSON.stringify({ jsonrpc: '2.0', id: id + 1, ...one })).join('\n')
  const lines = execFileSync('sharkd', ['-'], { input: `${input}\n`, stdio: ['pipe', 'pipe', 'ignore'] })
    .toString()
    .trim()
    .split('\n')
  return lines.slice(1).map((line) => JSON.parse(line).result?.map((frame: { num: number }) => frame.num) ?? null)
}

const installed = spawnSync('sharkd', ['-h']).error === undefined

test.runIf(installed)('every filter that is taken shows what Wireshark shows', () => {
  const all = [...SAME, ...REFUSED]
  const wireshark = theirs(all)
  const wrong = all.flatMap((filter, i) => {
    const mine = ours(filter)
    return mine === null || JSON.stringify(mine) === JSON.stringify(wireshark[i]) ? [] : [[filter, mine, wireshark[i]]]
  })
  expect(wrong).toEqual([])
})

test('what can be said exactly is taken', () => {
  expect(SAME.filter((filter) => ours(filter) === null)).toEqual([])
})

test('what cannot be said exactly is refused', () => {
  expect(REFUSED.filter((filter) => ours(filter) !== null)).toEqual([])
})

test('a filter that is none leaves what is shown, and says where it is wrong', () => {
  store.setFilter('arp')
  const { shown } = store.counts()
  store.setFilter('tcp.port == x')
  expect(store.counts()).toMatchObject({ shown, error: { wrong: 'value', word: 'x', field: 'tcp.port', at: 12 } })
  expect(FilterError).toBeDefined()
})
