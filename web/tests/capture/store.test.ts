import { expect, test } from 'vitest'
import { FrameStore } from '@/capture/store'
import { follow } from '@/capture/stream'
import { arpRequest, bytes, tcp } from './frames'

function packed(frames: readonly Uint8Array[], from = 1): Uint8Array {
  return bytes(
    ...frames.flatMap((data, i) => {
      const head = new Uint8Array(20)
      const view = new DataView(head.buffer)
      view.setBigUint64(0, BigInt(1e18) + BigInt((from + i) * 1000), true)
      view.setUint32(8, data.length, true)
      view.setUint32(12, data.length, true)
      return [head, data]
    }),
  )
}

test('frames are numbered, filtered and forgotten', () => {
  const store = new FrameStore()
  store.reset(['a/veth0'])
  store.add(1, packed([arpRequest, tcp(1, 2, ''), tcp(1, 18, '', true)]), 1)
  expect(store.rows(0, 9).map((r) => [r.number, r.protocol])).toEqual([
    [1, 'ARP'],
    [2, 'TCP'],
    [3, 'TCP'],
  ])
  expect(store.rows(0, 9)[2]?.time).toBeCloseTo(2e-6)
  store.setFilter('tcp')
  expect(store.counts()).toMatchObject({ kept: 3, shown: 2, error: null })
  store.setFilter('tcp.port ==')
  expect(store.counts()).toMatchObject({ shown: 2, error: { at: 11 } })
  store.add(4, packed([tcp(2, 16, '')], 4), 4)
  expect(store.counts()).toMatchObject({ kept: 4, shown: 3 })
  // what the ring has forgotten in between is a gap: the list begins anew
  store.add(10, packed([tcp(3, 16, '')], 10), 10)
  expect(store.rows(0, 9).map((r) => r.number)).toEqual([10])
  expect(store.detail(9)).toBeNull()
})

const text = (data: Uint8Array): string => new TextDecoder().decode(data)

test('a stream is put in order: late, repeated and missing segments', () => {
  const frames = [
    tcp(100, 2, ''),
    arpRequest,
    tcp(101, 24, 'one '),
    tcp(109, 24, 'three '),
    tcp(105, 24, 'two '),
    tcp(101, 24, 'one '),
    tcp(500, 24, 'answer', true),
    tcp(120, 24, 'late'),
  ]
  const found = follow(frames, 2)
  expect(found?.ends).toEqual(['10.0.0.1 4000', '10.0.0.2 80'])
  expect(found?.pieces.map((p) => [p.first, text(p.bytes), p.missing])).toEqual([
    [true, 'one ', 0],
    [true, 'two ', 0],
    [true, 'three ', 0],
    [false, 'answer', 0],
    [true, 'late', 5],
  ])
  expect(follow(frames, 1)).toBeNull()
})

test('sequence numbers go round', () => {
  const found = follow([tcp(0xfffffffe, 24, 'abc'), tcp(1, 24, 'def')], 0)
  expect(found?.pieces.map((p) => text(p.bytes))).toEqual(['abc', 'def'])
})

test("TCP's numbers in the list count from the start of the connection, those of the fields do not", () => {
  const store = new FrameStore()
  store.reset(['a/veth0'])
  const segment = (sequence: number, acknowledged: number, flags: number, payload = '', back = false): Uint8Array => {
    const frame = tcp(sequence, flags, payload, back)
    new DataView(frame.buffer).setUint32(14 + 20 + 8, acknowledged)
    return frame
  }
  const [SYN, ACK] = [2, 16]
  const talk = [
    segment(0xffffffff, 0, SYN),
    segment(7000, 0, SYN | ACK, '', true),
    segment(0, 7001, ACK, 'hello'),
    segment(7001, 5, ACK, '', true),
    // the same ports again
    segment(500, 0, SYN),
    segment(90, 501, SYN | ACK, '', true),
  ]
  store.add(1, packed(talk), 1)
  expect(store.rows(0, 9).map((r) => r.info.replace(/.*\] | win.*/g, ''))).toEqual([
    'seq=0',
    'seq=0 ack=1',
    'seq=1 ack=1',
    'seq=1 ack=6',
    'seq=0',
    'seq=0 ack=1',
  ])
  const fields = store.detail(3)?.layers.flatMap((l) => l.fields) ?? []
  expect(fields.find((f) => f.key === 'tcp.ack_raw')?.value).toBe(7001)
  // of a connection that was open before
  const late = new FrameStore()
  late.reset(['a/veth0'])
  late.add(1, packed([segment(1000, 2000, ACK, 'x'), segment(1001, 2000, ACK, 'y')]), 1)
  expect(late.rows(0, 9).map((r) => r.info.replace(/.*\] | win.*/g, ''))).toEqual(['seq=1 ack=1', 'seq=2 ack=1'])
})
