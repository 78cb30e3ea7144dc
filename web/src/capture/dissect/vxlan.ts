import { type Frame, numeric } from './frame'

/** RFC 7348. */
export function vxlan(f: Frame, at: number): void {
  const vni = f.u24(at + 4)
  f.layer('vxlan', `Virtual eXtensible LAN, VNI ${vni}`, at, at + 8, [
    numeric('VXLAN network identifier', vni, at + 4, at + 7, 'vxlan.vni'),
  ])
  f.summary.info = `VNI ${vni}`
  f.inside = { at: at + 8, kind: 'ethernet' }
}
