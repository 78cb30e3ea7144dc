import { X } from 'lucide-react'
import { type DragEvent, useCallback, useRef, useState } from 'react'
import { type Editor, type Pane, useEditor } from '@/editor'
import type { Problem } from '@/protocol'
import { announce, IconButton } from '@/ui'
import { fileAddress } from './address'
import styles from './Terminal.module.css'
import { useTerminalPaneTexts } from './texts'

/** `done`: 0 to 1; `said`: what came of it. */
export interface Upload {
  id: number
  name: string
  done: number
  said?: string
}

const MOST_MB = 32

/** Put a file into a lab: where the shell of the pane is. Resolves with its path there. */
function send(address: string, file: File, progress: (done: number) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', address)
    request.upload.onprogress = (event) => progress(event.total > 0 ? event.loaded / event.total : 0)
    request.onerror = () => reject(new Error(request.statusText || 'network'))
    request.onload = () => {
      const said = JSON.parse(request.responseText || '{}') as { path?: string } & Partial<Problem>
      if (request.status === 200) resolve(said.path ?? '')
      else reject(new Error([said.message, said.hint].filter(Boolean).join('. ')))
    }
    request.send(file)
  })
}

export interface UploadsOfPane {
  all: readonly Upload[]
  over: boolean
  put: (files: Iterable<File>) => Promise<void>
  dismiss: (id: number) => void
  drop: {
    onDragOver: (event: DragEvent) => void
    onDragLeave: () => void
    onDrop: (event: DragEvent) => void
  }
}

const hasFiles = (event: DragEvent): boolean => event.dataTransfer.types.includes('Files')

/** Files that are dropped onto a pane. */
export function useUploads(pane: Pane): UploadsOfPane {
  const editor = useEditor()
  const t = useTerminalPaneTexts()
  const [all, setAll] = useState<readonly Upload[]>([])
  const [over, setOver] = useState(false)
  const count = useRef(0)
  const change = useCallback(
    (id: number, to: Partial<Upload>) => setAll((now) => now.map((u) => (u.id === id ? { ...u, ...to } : u))),
    [],
  )
  const one = async (file: File): Promise<void> => {
    count.current += 1
    const id = count.current
    setAll((now) => [...now.slice(-4), { id, name: file.name, done: 0 }])
    const finish = (said: string): void => {
      change(id, { done: 1, said })
      announce(said)
    }
    if (file.size > MOST_MB << 20) return finish(t.tooLarge(file.name, MOST_MB))
    try {
      finish(t.uploaded(await send(addressFor(editor, pane, file.name), file, (done) => change(id, { done }))))
    } catch (error) {
      finish(`${file.name}: ${error instanceof Error ? error.message : error}`)
    }
  }
  const put = async (files: Iterable<File>): Promise<void> => {
    for (const file of files) await one(file)
  }
  return {
    all,
    over,
    put,
    dismiss: (id) => setAll((now) => now.filter((u) => u.id !== id)),
    drop: {
      onDragOver: (event) => {
        if (!hasFiles(event)) return
        event.preventDefault()
        setOver(true)
      },
      onDragLeave: () => setOver(false),
      onDrop: (event) => {
        setOver(false)
        if (!hasFiles(event)) return
        event.preventDefault()
        event.stopPropagation()
        void put([...event.dataTransfer.files])
      },
    },
  }
}

function addressFor(editor: Editor, { namespace, terminal }: Pane, name: string): string {
  const address = fileAddress(editor.session.current.get() ?? '', namespace, name)
  return terminal === null ? address : `${address}?terminal=${encodeURIComponent(terminal)}`
}

/** How far they are. */
export function Uploads({ uploads, onDismiss }: { uploads: readonly Upload[]; onDismiss: (id: number) => void }) {
  const t = useTerminalPaneTexts()
  return uploads.map((upload) => (
    <div key={upload.id} className={styles.notice} role="status">
      <p>{upload.said ?? t.uploading(upload.name)}</p>
      {upload.said === undefined ? (
        <progress value={upload.done} aria-label={t.uploading(upload.name)} />
      ) : (
        <IconButton size="xs" label={t.searchClose} onClick={() => onDismiss(upload.id)}>
          <X size={13} />
        </IconButton>
      )}
    </div>
  ))
}
