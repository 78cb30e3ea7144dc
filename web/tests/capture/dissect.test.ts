import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dissect } from '@/capture/dissect'
import { arpRequest, ascii, bytes, ipv4, tcp, udp } from './frames'

const titles = (frame: Uint8Array): string[] => dissect(frame).layers.map((l) => l.protocol)
const value = (frame: Uint8Array, key: string): unknown =>
  dissect(frame)
    .layers.flatMap((l) => l.fields)
    .find((f) => f.key === key)?.value

test('ARP', () => {
  const found = dissect(arpRequest)
  expect(found.info).toBe('Who has 10.0.0.2? Tell 10.0.0.1')
  expect(value(arpRequest, 'arp.opcode')).toBe(1)
})

test('ICMP echo, and an error with the packet that it is about', () => {
  const echo = ipv4(1, bytes('08 00 00 00 12 34 00 07', ascii('hello')))
  expect(dissect(echo)).toMatchObject({ source: '10.0.0.1', destination: '10.0.0.2', protocol: 'ICMP' })
  expect(dissect(echo).info).toBe('Echo request, id 4660, sequence 7')
  const inner = tcp(1, 2, '').subarray(14)
  const error = ipv4(1, bytes('03 03 00 00 00 00 00 00', inner))
  expect(dissect(error).info).toBe('Destination unreachable (Port unreachable)')
  expect(titles(error)).toEqual(['eth', 'ip', 'icmp', 'ip', 'tcp'])
  const within = dissect(error).layers[4]
  expect(within?.from).toBe(14 + 20 + 8 + 20)
})

test('padding after an IP packet is not its payload', () => {
  const padded = bytes(tcp(5, 16, ''), '00 00 00 00 00 00')
  expect(value(padded, 'tcp.len')).toBe(0)
})

test('HTTP requests and answers', () => {
  const request = tcp(1, 24, 'GET /a HTTP/1.1\r\nHost: web.lab\r\n\r\n')
  expect(dissect(request)).toMatchObject({ protocol: 'HTTP', info: 'GET /a HTTP/1.1' })
  expect(value(request, 'http.host')).toBe('web.lab')
  const answer = tcp(1, 24, 'HTTP/1.0 404 Not Found\r\nContent-Length: 2\r\n\r\nno', true)
  expect(value(answer, 'http.response.code')).toBe(404)
  expect(titles(tcp(1, 24, 'GETTING /a'))).not.toContain('http')
})

test('DNS, with a compressed name', () => {
  const name = bytes([3], ascii('www'), [3], ascii('lab'), [0])
  const answer = udp(
    53,
    4000,
    bytes('abcd 8180 0001 0001 0000 0000', name, '0001 0001 c00c 0001 0001 0000003c 0004', [10, 0, 0, 9]),
  )
  expect(dissect(answer).info).toBe('Response 0xabcd A www.lab A 10.0.0.9')
  expect(value(answer, 'dns.qry.name')).toBe('www.lab')
  const circle = udp(53, 4000, bytes('abcd 8180 0001 0000 0000 0000 c00c 0001 0001'))
  expect(dissect(circle).protocol).toBe('DNS')
})

test('DHCP', () => {
  const head = bytes([1, 1, 6, 0], '0000 1234', new Uint8Array(20), '02 00 00 00 00 01', new Uint8Array(202))
  const discover = udp(68, 67, bytes(head, '63825363 350101 0c03', ascii('pc1'), 'ff'))
  expect(dissect(discover).info).toBe('DHCP Discover')
  expect(value(discover, 'dhcp.option.hostname')).toBe('pc1')
})

test('TLS client hello names its server', () => {
  const sni = bytes('0000 000c 000a 00 0007', ascii('web.lab'))
  const body = bytes('0303', new Uint8Array(32), '00 0002 1301 01 00', [0, sni.length], sni)
  const hello = bytes('16 0301', [0, body.length + 4], '01 00', [0, body.length], body)
  const frame = tcp(1, 24, String.fromCharCode(...hello))
  expect(dissect(frame).info).toBe('Client hello (web.lab)')
  expect(value(frame, 'tls.handshake.extensions_server_name')).toBe('web.lab')
})

test('VLAN tags and VXLAN tunnels are looked into', () => {
  const inner = arpRequest
  const tagged = bytes(inner.subarray(0, 12), '8100 2064', inner.subarray(12))
  expect(titles(tagged)).toEqual(['eth', 'vlan', 'arp'])
  expect(value(tagged, 'vlan.id')).toBe(100)
  const tunnel = udp(5000, 4789, bytes('08000000 00002a00', inner))
  expect(titles(tunnel)).toEqual(['eth', 'ip', 'udp', 'vxlan', 'eth', 'arp'])
  expect(dissect(tunnel).info).toBe('Who has 10.0.0.2? Tell 10.0.0.1 (VNI 42)')
})

test('IPv6 addresses are written as RFC 5952 says', () => {
  const frame = bytes(
    '33 33 00 00 00 01 02 00 00 00 00 01 86dd 6000 0000 0008 3a ff',
    'fe80 0000 0000 0000 0000 0000 0000 0001  ff02 0000 0000 0000 0000 0001 ff00 0002',
    '80 00 00 00 00 01 00 02',
  )
  expect(dissect(frame)).toMatchObject({ source: 'fe80::1', destination: 'ff02::1:ff00:2', protocol: 'ICMPV6' })
})

test('no bytes make it fail, and no field reaches beyond them', () => {
  const frames = [arpRequest, tcp(1, 2, 'GET / HTTP/1.1\r\n'), udp(53, 53, bytes('abcd 8180 0001 0001 0000 0000 c00c'))]
  fc.assert(
    fc.property(
      fc.constantFrom(...frames),
      fc.nat(120),
      fc.array(fc.tuple(fc.nat(80), fc.nat(255))),
      (frame, cut, changes) => {
        const mangled = frame.slice(0, cut)
        for (const [at, b] of changes) if (at < mangled.length) mangled[at] = b
        for (const layer of dissect(mangled).layers) expect(layer.from).toBeLessThanOrEqual(mangled.length)
      },
    ),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (data) => void dissect(data)),
    { numRuns: 500 },
  )
})
