import { expect, test } from 'vitest'
import { HopBoxes, missedOf } from '@/canvas/journey/hopBoxes'
import type { Hop } from '@/protocol'

/** Wires are told by their ends, boxes stand where their interface's name says. */
class Named extends HopBoxes {
  constructor() {
    super({ nodes: [], lines: [] } as unknown as ConstructorParameters<typeof HopBoxes>[0])
  }
  override wire(a: string, b: string): string {
    return `${a} ${b}`
  }
  override boxOf({ namespace, dev = '' }: Hop): { x: number; y: number; w: number; h: number } {
    return { x: namespace.charCodeAt(0), y: dev.length, w: 1, h: 1 }
  }
}

const hop = (kind: Hop['kind'], namespace: string, dev = ''): Hop => ({ kind, namespace, dev })
const there = [hop('send', 'a'), hop('out', 'a', 'eth0'), hop('in', 'r', 'left')]
const onward = [hop('out', 'r', 'right2'), hop('in', 'b', 'eth0'), hop('out', 'b', 'eth0'), hop('in', 'r', 'right2')]
const back = [hop('out', 'r', 'left'), hop('in', 'a', 'eth0')]

test('what was predicted beyond the place where a packet ended is what was not seen, each wire once', () => {
  const unseen = missedOf(new Named(), there, [...there, ...onward, ...back])
  expect(unseen.wires).toEqual(['b/eth0 r/right2'])
  expect(unseen.boxes.map((b) => String.fromCharCode(b.x))).toEqual(['r', 'b'])
  expect(missedOf(new Named(), [...there, ...onward, ...back], there)).toEqual({ wires: [], boxes: [] })
})
