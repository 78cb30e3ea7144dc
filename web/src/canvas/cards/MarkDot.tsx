import { LoaderCircle, TriangleAlert } from 'lucide-react'
import { useEditor } from '@/editor'
import { usePart } from '@/ui'
import { useOverlayTexts } from '../texts/overlays'
import styles from './MarkDot.module.css'

/** At the subject of an edit: that it is under way, or that it was refused and why. */
export function MarkDot({ id }: { id: string }) {
  const t = useOverlayTexts()
  const mark = usePart(useEditor().marks.all, (all) => all.get(id))
  if (!mark) return null
  const { problem } = mark
  const text = problem ? t.refused([problem.message, problem.hint].filter(Boolean).join(' — ')) : t.underWay
  return (
    <span role="img" className={problem ? styles.refused : styles.busy} aria-label={text} title={text}>
      {problem ? <TriangleAlert size={13} aria-hidden="true" /> : <LoaderCircle size={12} aria-hidden="true" />}
    </span>
  )
}
