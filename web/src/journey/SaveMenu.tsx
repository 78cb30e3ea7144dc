import { Share2, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useEditor } from '@/editor'
import type { Journey } from '@/protocol'
import { announce, IconButton, Menu } from '@/ui'
import { animatedSvg, framesOf } from './diagram'
import { fromSaved, toFragment, toSaved } from './file'
import { timeWords } from './format'
import styles from './Journey.module.css'
import { hopGroups, type TraceResult } from './model'
import { type JourneyTexts, useJourneyTexts } from './texts'
import type { Tracing } from './useTracing'
import { assumptionWords, hopWords, verdictWords } from './words'

/** Out of this page and back: JSON, a link, text, a picture. */
export function SaveMenu({ traced, tracing }: { traced: TraceResult | undefined; tracing: Tracing }) {
  const editor = useEditor()
  const t = useJourneyTexts()
  const input = useRef<HTMLInputElement>(null)
  const lab = editor.session.current.get() ?? ''
  const name = traced ? `${traced.journey.probe.source}-${traced.journey.probe.target}`.replaceAll('/', '-') : ''
  const saved = (): ReturnType<typeof toSaved> | undefined => traced && toSaved(traced, lab, new Date())

  const share = async (): Promise<void> => {
    const what = saved()
    const fragment = what && (await toFragment(what))
    if (!fragment) return editor.say('warning', t.tooLong)
    const url = new URL(window.location.href)
    url.hash = fragment
    await navigator.clipboard.writeText(url.href)
    editor.say('info', t.shared)
    announce(t.shared)
  }
  const load = async (file: File | undefined): Promise<void> => {
    if (!file) return
    try {
      tracing.add(fromSaved(await file.text()))
    } catch {
      editor.say('error', t.notAJourney)
    }
  }
  const none = traced === undefined
  const gif = useGif()
  return (
    <>
      {gif.part !== null && (
        <span className={styles.making}>
          <progress value={gif.part} aria-label={t.makingGif} />
          <IconButton label={t.cancelGif} onClick={gif.cancel}>
            <X size={14} />
          </IconButton>
        </span>
      )}
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        hidden
        aria-label={t.open}
        onChange={(e) => void load(e.target.files?.[0])}
      />
      <Menu
        align="end"
        trigger={
          <IconButton label={t.exportMenu}>
            <Share2 size={15} />
          </IconButton>
        }
        entries={[
          { key: 'open', label: t.open, onSelect: () => input.current?.click() },
          null,
          {
            key: 'save',
            label: t.save,
            disabled: none,
            onSelect: () => download(`${name}.journey.json`, JSON.stringify(saved(), null, 1), 'application/json'),
          },
          {
            key: 'text',
            label: t.transcript,
            disabled: none,
            onSelect: () => traced && download(`${name}.txt`, transcript(t, traced), 'text/plain'),
          },
          {
            key: 'svg',
            label: t.picture,
            disabled: none,
            onSelect: () => traced && download(`${name}.svg`, animatedSvg(...drawable(t, traced)), 'image/svg+xml'),
          },
          {
            key: 'gif',
            label: t.gif,
            disabled: none || gif.part !== null,
            onSelect: () => traced && gif.make(`${name}.gif`, traced),
          },
          { key: 'share', label: t.share, disabled: none, onSelect: () => void share().catch((e) => editor.fail(e)) },
        ]}
      />
    </>
  )
}

/** The GIF in the making: how much of it is done (0 to 1), null while there is none. What makes it is loaded when it is first asked for. */
function useGif() {
  const editor = useEditor()
  const t = useJourneyTexts()
  const [part, setPart] = useState<number | null>(null)
  const running = useRef<AbortController | null>(null)
  const cancel = (): void => running.current?.abort()
  useEffect(() => () => running.current?.abort(), [])
  const make = async (name: string, traced: TraceResult): Promise<void> => {
    const control = new AbortController()
    running.current = control
    setPart(0)
    try {
      const { gifOf } = await import('./gif')
      download(name, await gifOf(framesOf(...drawable(t, traced)), setPart, control.signal), 'image/gif')
      announce(t.madeGif(name))
    } catch (error) {
      if (!control.signal.aborted) editor.fail(error)
    } finally {
      setPart(null)
    }
  }
  return { part, cancel, make: (name: string, traced: TraceResult) => void make(name, traced) }
}

function download(name: string, content: BlobPart, type: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([content], { type }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

/** What a picture shows: the journey, each hop as a sentence, the verdict. */
function drawable(t: JourneyTexts, { journey }: TraceResult): [Journey, string[], string] {
  const sentences = journey.hops.map((hop) => `${hop.namespace}: ${hopWords(t, hop)}`)
  return [journey, sentences, verdictWords(t, journey.verdict)]
}

/** The journey as lines of text, in the language of now. */
export function transcript(t: JourneyTexts, { journey }: TraceResult): string {
  const lines = hopGroups(journey.hops).flatMap((stay) => [
    `${stay.leg === 'original' ? '→' : '←'} ${stay.namespace}`,
    ...stay.hops.map(({ hop }) => {
      const at = hop.at === undefined || hop.at === null ? '' : timeWords(t, hop.at)
      return `${at.padStart(10)}  ${hopWords(t, hop)}`
    }),
  ])
  const assumed = (journey.assumptions ?? []).map((text) => t.labelled(t.assumptions, assumptionWords(t, text)))
  const notes = [...assumed, ...(journey.notes ?? []).map((note) => t.labelled(t.notes, note))]
  return [...lines, ...notes, verdictWords(t, journey.verdict), ''].join('\n')
}
