import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  closePane,
  freshPane,
  neighbour,
  type Pane,
  type Panes,
  panesOf,
  place,
  type SplitDirection,
  setShare,
  setTerminal,
  splitPane,
} from '@/editor'

const pane = (name: string): Pane => ({ pane: name, namespace: 'host', terminal: null })
const names = (panes: Panes): string[] => panesOf(panes).map((p) => p.pane)

/** Any tree, made as a person makes it: by splits. */
const trees = fc
  .array(fc.tuple(fc.nat(), fc.constantFrom<SplitDirection>('right', 'down')), { maxLength: 8 })
  .map((splits) =>
    splits.reduce<Panes>((panes, [at, way]) => {
      const all = names(panes)
      return splitPane(panes, all[at % all.length] ?? '', way, pane(freshPane(panes)))
    }, pane('p1')),
  )

describe('panes', () => {
  test('a split gives the new one half of the room, beside or below', () => {
    const two = splitPane(pane('p1'), 'p1', 'right', pane('p2'))
    const three = splitPane(two, 'p2', 'down', pane('p3'))
    expect(names(three)).toEqual(['p1', 'p2', 'p3'])
    expect(place(three).panes.map((p) => p.rect)).toEqual([
      { x: 0, y: 0, w: 0.5, h: 1 },
      { x: 0.5, y: 0, w: 0.5, h: 0.5 },
      { x: 0.5, y: 0.5, w: 0.5, h: 0.5 },
    ])
    expect(place(three).dividers.map((d) => [d.path, d.split])).toEqual([
      ['', 'right'],
      ['2', 'down'],
    ])
  })

  test('names are never given twice, and the room is always shared out', () => {
    fc.assert(
      fc.property(trees, (panes) => {
        const all = names(panes)
        expect(new Set(all).size).toBe(all.length)
        const { panes: placed, dividers } = place(panes)
        expect(placed.reduce((sum, { rect }) => sum + rect.w * rect.h, 0)).toBeCloseTo(1)
        expect(dividers).toHaveLength(all.length - 1)
      }),
    )
  })

  test('closing takes just that one, until none is left', () => {
    fc.assert(
      fc.property(trees, fc.nat(), (panes, at) => {
        const all = names(panes)
        const gone = all[at % all.length] ?? ''
        const rest = closePane(panes, gone)
        expect(rest === null ? [] : names(rest)).toEqual(all.filter((name) => name !== gone))
        expect(closePane(panes, 'nobody')).toEqual(panes)
      }),
    )
  })

  test('dividers move their own halves only, and leave both some room', () => {
    const three = splitPane(splitPane(pane('p1'), 'p1', 'right', pane('p2')), 'p2', 'down', pane('p3'))
    const moved = setShare(three, '2', 0.7)
    expect(place(moved).panes.map((p) => p.rect.h)).toEqual([1, 0.7, expect.closeTo(0.3)])
    expect(place(setShare(three, '', 5)).panes[0]?.rect.w).toBeCloseTo(0.9)
  })

  test('neighbours go round', () => {
    const two = splitPane(pane('p1'), 'p1', 'right', pane('p2'))
    expect([neighbour(two, 'p1', 1), neighbour(two, 'p2', 1), neighbour(two, 'p1', -1)]).toEqual(['p2', 'p1', 'p2'])
    expect(panesOf(setTerminal(two, 'p2', 't7')).map((p) => p.terminal)).toEqual([null, 't7'])
  })
})
