import { useEffect, useState } from 'react'
import { useEditor } from '@/editor'
import { type CaptureLive, withDefaults } from '@/protocol'
import type { LabStore } from '@/store'
import { usePart } from '@/ui'
import { CaptureModel } from './model'

function captures(lab: LabStore): readonly CaptureLive[] {
  const found = [...lab.live.values()].filter((r) => r.kind === 'capture')
  return found.sort((a, b) => a.capture.localeCompare(b.capture, 'en', { numeric: true }))
}

const same = (a: readonly CaptureLive[], b: readonly CaptureLive[]): boolean =>
  a.length === b.length && a.every((c, i) => c.capture === b[i]?.capture && c.running === b[i]?.running)

/** The captures of the lab, in the order they were started. Renders again when one is added, removed or ends. */
export function useCaptures(lab: LabStore): readonly Required<CaptureLive>[] {
  return usePart(lab.revision, () => captures(lab), same).map((c) => withDefaults(c))
}

/** The frames of a capture, fetched as long as it is shown. */
export function useModel(capture: string): CaptureModel | null {
  const editor = useEditor()
  const [model, setModel] = useState<CaptureModel | null>(null)
  useEffect(() => {
    const record = editor.lab.live.get(`capture:${capture}`)
    if (record?.kind !== 'capture') return
    const made = new CaptureModel(editor.session, record)
    setModel(made)
    return () => made.close()
  }, [editor, capture])
  return model
}
