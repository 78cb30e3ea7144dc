import { Check, X } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { type Editor, leaveTour, setTour, type TourState, useEditor } from '@/editor'
import { netnsId } from '@/protocol'
import { cachedInterfaceView } from '@/store'
import { announce, Button, IconButton, useValue } from '@/ui'
import { ACTION_OF, isDone, STEPS, type StepName, type TourContext } from './steps'
import styles from './Tour.module.css'
import { useTourTexts } from './texts'

/** How long a step stays after it was done, so that it is seen. */
const REST_MS = 900

/** A small card beside the canvas that makes the first network with the user; nothing is blocked by it. */
export function Tour() {
  const editor = useEditor()
  const state = useValue(editor.tour)
  const lab = useValue(editor.session.current)
  const here = state?.open === true && state.lab === lab
  usePointer(here ? ACTION_OF[nameOf(state)] : null)
  if (!state?.open) return null
  return here ? <Card key={state.step} state={state} /> : <Elsewhere lab={state.lab} />
}

const nameOf = ({ step }: TourState): StepName => STEPS[step] ?? 'end'

/** Points at the button of an action: a ring around it (see the CSS). */
function usePointer(action: string | null): void {
  useEffect(() => {
    if (action !== null) document.documentElement.dataset.pointed = action
    return () => {
      delete document.documentElement.dataset.pointed
    }
  }, [action])
}

function Card({ state }: { state: TourState }) {
  const t = useTourTexts()
  const editor = useEditor()
  const step = nameOf(state)
  const done = useDone(editor, step)
  const title = t[step]
  const last = step === 'end'
  const go = (to: number): void => setTour(editor, { ...state, step: to })
  useEffect(() => announce(`${title}. ${t[`${step} text`]}`), [title, t, step])
  useEffect(() => {
    if (!done) return
    announce(t.done)
    const timer = setTimeout(() => setTour(editor, { ...state, step: state.step + 1 }), REST_MS)
    return () => clearTimeout(timer)
  }, [done, editor, state, t])
  return (
    <Frame onLeave={() => (last ? setTour(editor, null) : leaveTour(editor))}>
      <p className={styles.progress}>{t.progress(state.step + 1, STEPS.length)}</p>
      <h2>{title}</h2>
      <p>{t[`${step} text`]}</p>
      <p className={styles.why}>{t[`${step} why`]}</p>
      <div className={styles.foot}>
        <span className={styles.wait} data-done={done || undefined} role="status">
          {done ? (
            <>
              <Check size={15} aria-hidden="true" /> {t.done}
            </>
          ) : last ? null : (
            t.waiting
          )}
        </span>
        {state.step > 0 && !last && (
          <Button size="s" variant="plain" onClick={() => go(state.step - 1)}>
            {t.back}
          </Button>
        )}
        {last ? (
          <Button size="s" variant="primary" onClick={() => setTour(editor, null)}>
            {t.finish}
          </Button>
        ) : (
          <Button size="s" onClick={() => go(state.step + 1)}>
            {t.skip}
          </Button>
        )}
      </div>
    </Frame>
  )
}

function Elsewhere({ lab }: { lab: string }) {
  const t = useTourTexts()
  const editor = useEditor()
  return (
    <Frame onLeave={() => leaveTour(editor)}>
      <p>{t.elsewhere(lab)}</p>
      <div className={styles.foot}>
        <span className={styles.wait} />
        <Button size="s" onClick={() => void editor.session.open(lab)}>
          {t.goThere}
        </Button>
      </div>
    </Frame>
  )
}

function Frame({ onLeave, children }: { onLeave: () => void; children: ReactNode }) {
  const t = useTourTexts()
  return (
    <aside className={styles.card} aria-label={t.tour}>
      <IconButton label={t.leave} className={styles.close} onClick={onLeave}>
        <X size={15} />
      </IconButton>
      {children}
    </aside>
  )
}

/** Whether the step has been done, in the kernel; once it was, it stays so. */
function useDone(editor: Editor, step: StepName): boolean {
  const scene = useValue(editor.lab.scene)
  const meta = useValue(editor.lab.meta)
  const pings = useValue(editor.pinged)
  const side = useValue(editor.side)
  const before = useRef({ pings, redo: meta.redo })
  const [done, setDone] = useState(false)
  const seen: TourContext = {
    scene,
    live: (name) => editor.lab.live.has(netnsId(name)),
    view: (ref) => cachedInterfaceView(editor.lab, ref),
    pings: pings - before.current.pings,
    historyShown: side === 'history',
    redo: meta.redo !== null && meta.redo !== before.current.redo,
  }
  const now = isDone(step, seen)
  useEffect(() => {
    if (now) setDone(true)
  }, [now])
  return done
}
