/** ELK in a worker of its own, started when it is first needed. Nothing else imports it. */

import ELK from 'elkjs/lib/elk-api'
import workerUrl from 'elkjs/lib/elk-worker.min.js?url'
import type { Layout } from '@/editor'
import type { Point } from '../model/anchors'
import { APART, elkGraph, type Parts } from './graph'

const elk = new ELK({ workerFactory: () => new Worker(workerUrl) })

const placesOf = (children: readonly { id: string; x?: number; y?: number }[] = []): Map<string, Point> =>
  new Map(children.map(({ id, x = 0, y = 0 }) => [id, { x, y }]))

export async function elkPlaces(parts: Parts, layout: Layout): Promise<Map<string, Point>> {
  const first = await elk.layout(elkGraph(parts, layout))
  if (layout !== 'force') return placesOf(first.children)
  return placesOf(
    (await elk.layout({ id: 'root', layoutOptions: APART, children: first.children ?? [], edges: [] })).children,
  )
}
