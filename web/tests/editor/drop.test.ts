import { expect, test } from 'vitest'
import { dropEnd, freeAddresses, freeName, segmentOf, useEditorTexts } from '@/editor'
import { LabStore } from '@/store'
import { snapshot } from '../lab'

const lab = new LabStore()
lab.reset(snapshot())
const scene = lab.scene.get()
const drop = (ref: string, node: string) => dropEnd(scene, useEditorTexts.now(), ref, node)?.commands ?? null
const plug = (ref: string, master: string | null) => ({ do: 'set-interface', interface: ref, changes: { master } })

test('an end dropped on another namespace moves there', () => {
  expect(drop('ns0/veth0', 'ns2')).toEqual([{ do: 'move-interface', interface: 'ns0/veth0', namespace: 'ns2' }])
})

test('on a bridge of another namespace it moves and is plugged in', () => {
  const move = { do: 'move-interface', interface: 'ns0/veth0', namespace: 'host' }
  expect(drop('ns0/veth0', 'host/br0')).toEqual([move, plug('host/veth0', 'br0')])
})

test('a port dropped on its own card is released, and stays on its own bridge', () => {
  expect(drop('host/veth2', 'host')).toEqual([plug('host/veth2', null)])
  expect(drop('host/veth2', 'host/br0')).toBeNull()
  expect(drop('ns0/veth0', 'ns0')).toBeNull()
})

test('what the kernel will refuse is asked all the same', () => {
  expect(drop('ns0/lo', 'ns1')).toEqual([{ do: 'move-interface', interface: 'ns0/lo', namespace: 'ns1' }])
  expect(drop('host/br0', 'ns1')).toEqual([{ do: 'move-interface', interface: 'host/br0', namespace: 'ns1' }])
})

test('proposals skip what is taken', () => {
  expect(freeName('veth', new Set(['veth0', 'veth2']))).toBe('veth1')
  expect(freeAddresses([], ['10.0.1.1/24', '10.0.2.2/24'], 2)).toEqual(['10.0.3.1/24', '10.0.3.2/24'])
  expect(freeAddresses(['10.0.1.1/24'], [], 2)).toEqual(['10.0.1.2/24', '10.0.1.3/24'])
  expect(segmentOf(scene, 'host/br0')).toEqual(new Set(['host/br0', 'host/veth2', 'ns0/eth0']))
})
