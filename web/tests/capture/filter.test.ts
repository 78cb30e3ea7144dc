import { expect, test } from 'vitest'
import { dissect } from '@/capture/dissect'
import { FilterError, parseFilter } from '@/capture/filter'
import { arpRequest, tcp } from './frames'

const passes = (source: string, frame: Uint8Array): boolean =>
  parseFilter(source)({
    layers: dissect(frame).layers,
    number: 3,
    length: frame.length,
    captured: frame.length,
    interface: 'ns0/veth0',
    time: 0.5,
  })

const syn = tcp(1, 2, '')

test.each([
  ['', syn, true],
  ['tcp', syn, true],
  ['arp', syn, false],
  ['arp or tcp.port == 80', syn, true],
  ['tcp.port == 80 && ip.src == 10.0.0.1', syn, true],
  ['ip.addr == 10.0.0.2', syn, true],
  ['ip.addr == 10.0.0.0/24', syn, true],
  ['ip.src == 10.1.0.0/16', syn, false],
  ['ip.src != 10.0.0.1', syn, false],
  ['!(ip.src == 10.0.0.9) and not arp', syn, true],
  ['tcp.flags.syn == 1 && tcp.flags.ack == 0', syn, true],
  ['tcp.dstport in {80, 443}', syn, true],
  ['frame.len > 50 and frame.number <= 3', syn, true],
  ['frame.interface_name == "ns0/veth0"', syn, true],
  ['frame.interface_name contains "NS0"', syn, false],
  ['frame.interface_name matches "^NS[0-9]/"', syn, true],
  ['eth.addr == 02:00:00:00:00:01', arpRequest, true],
  ['arp.opcode == 1', arpRequest, true],
])('%s', (source, frame, expected) => {
  expect(passes(source, frame)).toBe(expected)
})

test.each([
  ['tcp.port ==', 11],
  ['tcp )', 4],
  ['(arp', 4],
  ['&& arp', 0],
  ['ip.src ~ "("', 7],
  ['dns.qry.name ~ "("', 15],
  ['http.request', 0],
  ['udp.port in {53 54}', 16],
  ['tcp.port in 80', 12],
])('%s is wrong at %d', (source, at) => {
  try {
    parseFilter(source)
  } catch (error) {
    expect(error).toBeInstanceOf(FilterError)
    expect((error as FilterError).at).toBe(at)
    return
  }
  throw new Error('it was taken')
})
