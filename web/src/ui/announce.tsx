import { useValue, Value } from './value'

const said = new Value<{ text: string; odd: boolean }>({ text: '', odd: false })

/** Announces a text to screen readers, politely. The same text twice is announced twice. */
export function announce(text: string): void {
  said.update(({ odd }) => ({ text, odd: !odd }))
}

/** The live region; once in the app. */
export function Announcer() {
  const { text, odd } = useValue(said)
  return (
    <div className="visually-hidden" role="status" aria-live="polite">
      {text}
      {odd ? '\u00a0' : ''}
    </div>
  )
}
