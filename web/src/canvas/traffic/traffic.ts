/** Traffic on links: which counters are wanted. */

import { useEffect } from 'react'
import type { Editor } from '@/editor'
import { namespaceOf } from '@/protocol'
import { covering } from '@/store'
import { usePart } from '@/ui'
import { visibleBox } from '../drawing/pass'
import { useCamera } from '../flow/camera'
import type { FlowCamera } from '../flow/port'
import type { Board } from '../model/board'
import { meets, Picture } from '../model/picture'

/** Namespaces whose counters are read at most: each costs the lab a fraction of a millisecond a second. */
export const MOST = 64
/** How long the view must stand still, in ms. */
const CALM_MS = 250

/** Ask for the counters of what is in view, while traffic is shown. */
export function useTraffic(editor: Editor, board: Board): void {
  const on = usePart(editor.view, (view) => view.traffic)
  const camera = useCamera()
  useEffect(() => {
    if (!on) {
      editor.session.lookAtTraffic([])
      return
    }
    const picture = new Picture()
    picture.update(board)
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = (): void => editor.session.lookAtTraffic(covering(linksInView(picture, camera), MOST))
    const later = (): void => {
      clearTimeout(timer)
      timer = setTimeout(ask, CALM_MS)
    }
    later()
    const off = camera.subscribe(later)
    return () => {
      off()
      clearTimeout(timer)
    }
  }, [editor, board, camera, on])
}

function* linksInView(picture: Picture, camera: FlowCamera): Iterable<readonly [string, string]> {
  const now = camera.get()
  const area = visibleBox(now, now)
  for (const shape of picture.lines) {
    if (meets(shape, area)) yield [namespaceOf(shape.line.a), namespaceOf(shape.line.b)]
  }
}
