import { useEffect, useState } from 'react'
import { Needs, useLab } from '@/editor'
import { type Area, afterColon, type Note } from '@/protocol'
import { useRecord } from '@/store'
import { Empty, Field } from '@/ui'
import { EditText, Facts, Refused, Section, styles, useAsk } from '../parts'
import { usePanelTexts } from '../texts'

/** An area or a note: what is written there. Its colour and its lock are in the bar over the canvas. */
export function ShapeInspector({ id }: { id: string }) {
  const t = usePanelTexts()
  const shape = useRecord(useLab().desired, id)
  if (shape?.kind !== 'area' && shape?.kind !== 'note') return <Empty>{t.gone(afterColon(id))}</Empty>
  const name = shape.kind === 'area' ? shape.label || shape.name : shape.name
  return (
    <>
      <header className={styles.title}>
        <h2>{name}</h2>
        <span className={styles.kind}>{shape.kind === 'area' ? t.area : t.note}</span>
      </header>
      <Section title={t.drawn}>
        <Needs>{shape.kind === 'area' ? <Label area={shape} /> : <Text note={shape} />}</Needs>
        <p className={styles.hint}>{shape.kind === 'area' ? t.areaHint : t.noteHint}</p>
        <Facts rows={[[t.size, `${Math.round(shape.w)} × ${Math.round(shape.h)}`]]} />
      </Section>
    </>
  )
}

function Label({ area }: { area: Area }) {
  const t = usePanelTexts()
  const ask = useAsk()
  return (
    <EditText
      label={t.label}
      mono={false}
      value={area.label || area.name}
      onCommit={(label) => ask([{ do: 'put-area', area: { ...area, label } }], t.changed(area.name, t.label))}
    />
  )
}

function Text({ note }: { note: Note }) {
  const t = usePanelTexts()
  const ask = useAsk()
  const [text, setText] = useState(note.text ?? '')
  const [error, setError] = useState<string>()
  useEffect(() => setText(note.text ?? ''), [note.text])
  const commit = async (): Promise<void> => {
    if (text !== (note.text ?? ''))
      setError(await ask([{ do: 'put-note', note: { ...note, text } }], t.changed(note.name, t.text)))
  }
  return (
    <Field label={t.text}>
      {(ids) => (
        <>
          <textarea
            {...ids}
            className={styles.area}
            value={text}
            onChange={(event) => setText(event.target.value)}
            onBlur={() => void commit()}
          />
          <Refused text={error} />
        </>
      )}
    </Field>
  )
}
