import { type FormEvent, useState } from 'react'
import { ProblemError } from '@/connection'
import { useEditor, useGestureTexts } from '@/editor'
import { type AnyCommand, nameOf, namespaceOf } from '@/protocol'
import { cachedInterfaceView } from '@/store'
import { Input } from '@/ui'
import { useCanvas } from '../input/context'
import { usePopoverTexts } from '../texts/popovers'
import { Popover } from './Popover'
import styles from './Popover.module.css'

/** One end as it is typed; `master` is the bridge that it is a port of. */
interface EndDraft {
  ref: string
  name: string
  addresses: string
  master: string | null
}

/** The ends of links that were just drawn: names and addresses can be changed where they appeared. */
export function EndsEditor({
  links,
  at,
}: {
  links: readonly (readonly [string, string])[]
  at: { x: number; y: number }
}) {
  const editor = useEditor()
  const t = usePopoverTexts()
  const { refocus } = useCanvas()
  const [before] = useState(() => links.flat().map((ref) => draftOf(editor.lab, ref)))
  const [ends, setEnds] = useState<readonly EndDraft[]>(before)
  const [problem, setProblem] = useState<string | null>(null)
  const change = (ref: string, by: Partial<EndDraft>): void =>
    setEnds((now) => now.map((end) => (end.ref === ref ? { ...end, ...by } : end)))
  const keep = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const commands = ends.flatMap((end, i) => changes(before[i], end))
    try {
      if (commands.length > 0) await editor.request(commands, useGestureTexts.now().changedEnds)
      editor.select(ends.map((end) => `interface:${namespaceOf(end.ref)}/${end.name}`))
      editor.popover.set(null)
      refocus()
    } catch (error) {
      if (error instanceof ProblemError)
        setProblem([error.problem.message, error.problem.hint].filter(Boolean).join(': '))
      else editor.fail(error)
    }
  }
  const byRef = new Map(ends.map((end) => [end.ref, end]))
  return (
    <Popover at={at} label={links.length === 1 ? t.ends : t.endsMany}>
      <form onSubmit={(event) => void keep(event)} noValidate>
        <div className={styles.ends}>
          {links.map(([a, b], i) => (
            <div key={a} className={styles.row}>
              <EndFields end={byRef.get(a)} first={i === 0} onChange={change} />
              <span className={styles.dash} aria-hidden="true" />
              <EndFields end={byRef.get(b)} first={false} onChange={change} />
            </div>
          ))}
        </div>
        {problem && (
          <p role="alert" className={styles.problem}>
            {problem}
          </p>
        )}
        <p className={styles.hint}>{t.keys}</p>
        <button type="submit" hidden />
      </form>
    </Popover>
  )
}

function EndFields(props: {
  end: EndDraft | undefined
  first: boolean
  onChange: (ref: string, by: Partial<EndDraft>) => void
}) {
  const { end, first, onChange } = props
  const t = usePopoverTexts()
  if (!end) return null
  const { ref, master } = end
  return (
    <div className={styles.end}>
      <span className={styles.node}>{namespaceOf(ref)}</span>
      <div className={styles.fields}>
        <Input
          compact
          mono
          className={styles.name}
          aria-label={t.name(ref)}
          value={end.name}
          {...(first ? { 'data-first': true } : {})}
          onFocus={(event) => event.target.select()}
          onChange={(event) => onChange(ref, { name: event.target.value })}
        />
        {master === null ? (
          <Input
            compact
            mono
            className={styles.address}
            aria-label={t.address(ref)}
            placeholder={t.noAddress}
            value={end.addresses}
            onFocus={(event) => event.target.select()}
            onChange={(event) => onChange(ref, { addresses: event.target.value })}
          />
        ) : (
          <span className={styles.node}>{t.port(master)}</span>
        )}
      </div>
    </div>
  )
}

function draftOf(lab: Parameters<typeof cachedInterfaceView>[0], ref: string): EndDraft {
  const view = cachedInterfaceView(lab, ref)
  const master = lab.scene.get().interfaces.get(ref)?.master ?? null
  return { ref, name: nameOf(ref), addresses: view?.addresses.join(' ') ?? '', master: master && nameOf(master) }
}

/** What was changed of one end. The addresses first: the name is what it is called by. */
function changes(before: EndDraft | undefined, end: EndDraft): AnyCommand[] {
  const out: AnyCommand[] = []
  const addresses = end.addresses.split(/[\s,]+/).filter(Boolean)
  if (before && before.addresses.trim() !== addresses.join(' '))
    out.push({ do: 'set-interface', interface: end.ref, changes: { addresses } })
  const name = end.name.trim()
  if (name !== '' && name !== nameOf(end.ref))
    out.push({ do: 'move-interface', interface: end.ref, namespace: namespaceOf(end.ref), name })
  return out
}
