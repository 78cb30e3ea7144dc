import { Download } from 'lucide-react'
import { useCallback, useEffect, useState } from 'react'
import { useEditor } from '@/editor'
import { useAmounts } from '@/i18n/amounts'
import type { Files } from '@/protocol'
import { Dialog, FileButton } from '@/ui'
import { fileAddress } from './address'
import styles from './Terminal.module.css'
import { useTerminalPaneTexts } from './texts'

/** The files of a namespace's home: fetched from here, put here. */
export function FilesDialog({
  namespace,
  put,
  onClose,
}: {
  namespace: string
  put: (files: Iterable<File>) => Promise<void>
  onClose: () => void
}) {
  const t = useTerminalPaneTexts()
  const editor = useEditor()
  const lab = editor.session.current.get() ?? ''
  const [listed, setListed] = useState<Files>()
  const [error, setError] = useState<string>()
  const look = useCallback(() => {
    const asked = { type: 'list-files' as const, lab, namespace }
    editor.session.connection
      .request<'list-files'>(asked)
      .done.then(setListed, (reason) => setError(reason instanceof Error ? reason.message : String(reason)))
  }, [editor, lab, namespace])
  useEffect(look, [look])
  return (
    <Dialog
      title={`${t.files} ${listed?.home ?? ''}`}
      wide
      onClose={onClose}
      footer={<FileButton name={t.upload} label={t.upload} multiple onFiles={(files) => void put(files).then(look)} />}
    >
      {error && <p role="alert">{error}</p>}
      {!listed && !error && <p role="status">{t.loading}</p>}
      {listed?.files.length === 0 && <p>{t.filesNone}</p>}
      {listed && listed.files.length > 0 && <Table lab={lab} namespace={namespace} files={listed.files} />}
      {listed?.more && <p>{t.filesMore}</p>}
    </Dialog>
  )
}

function Table({ lab, namespace, files }: { lab: string; namespace: string; files: Files['files'] }) {
  const t = useTerminalPaneTexts()
  const { bytes } = useAmounts()
  return (
    <table className={styles.files}>
      <thead>
        <tr>
          <th>{t.file}</th>
          <th>{t.size}</th>
          <th />
        </tr>
      </thead>
      <tbody>
        {files.map(({ path, size }) => (
          <tr key={path}>
            <td className="mono">{path}</td>
            <td>{bytes(size)}</td>
            <td>
              <a href={fileAddress(lab, namespace, path)} download aria-label={t.download(path)}>
                <Download size={14} aria-hidden />
              </a>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
