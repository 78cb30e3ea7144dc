import { useEffect, useState } from 'react'
import { useEditor } from '@/editor'
import type { Check } from '@/protocol'
import { Dialog } from '@/ui'
import { Refused, said, styles } from './parts'
import { usePanelTexts } from './texts'

/** What this kernel can and cannot do, and what mends it. */
export function DoctorDialog() {
  const t = usePanelTexts()
  const editor = useEditor()
  const [checks, setChecks] = useState<readonly Check[]>()
  const [error, setError] = useState<string>()
  useEffect(() => {
    editor.session.connection
      .request<'doctor'>({ type: 'doctor' })
      .done.then((result) => setChecks(result.checks))
      .catch((reason) => setError(said(reason)))
  }, [editor])
  return (
    <Dialog title={t.doctor} wide onClose={() => editor.dialog.set(null)}>
      {!checks && !error && <p className={styles.dim}>{t.waiting}</p>}
      <table className={styles.table}>
        <tbody>
          {checks?.map((check) => (
            <tr key={check.name}>
              <td>{check.ok ? '✓' : '–'}</td>
              <th scope="row">{check.name}</th>
              <td>{check.ok ? check.detail : `${t.unavailable}: ${check.detail}`}</td>
              <td className="mono">{check.mend}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Refused text={error} />
    </Dialog>
  )
}
