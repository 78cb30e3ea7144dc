/** `10.0.1.0/24` of 10.0.1.7 and 24; null where it is no IPv4 address in a subnet of several. */
export function subnetOf(host: string, length: number): string | null {
  const bytes = host.split('.').map(Number)
  if (bytes.length !== 4 || !(length >= 1 && length < 32)) return null
  const ip = bytes.reduce((sum, b) => sum * 256 + b, 0)
  const size = 2 ** (32 - length)
  const base = Math.floor(ip / size) * size
  return `${[24, 16, 8, 0].map((s) => Math.floor(base / 2 ** s) % 256).join('.')}/${length}`
}
