import { useState } from 'react'
import { useEditor } from '@/editor'
import type { NetnsQuery } from '@/protocol'
import { Button, Dialog, Input, Select } from '@/ui'
import { Refused, said, styles } from './parts'
import { usePanelTexts } from './texts'

type Query = NetnsQuery['query']
const QUERIES: readonly Query[] = ['list', 'list-id', 'pids', 'identify']

/** Every verb of ip-netns(8), and where it is here. */
export function NetnsDialog() {
  const t = usePanelTexts()
  const editor = useEditor()
  const lab = editor.session.current.get() ?? 'LAB'
  const [query, setQuery] = useState<Query>('list')
  const [argument, setArgument] = useState('')
  const [text, setText] = useState<string>()
  const [error, setError] = useState<string>()
  const run = async (): Promise<void> => {
    setError(undefined)
    setText(undefined)
    try {
      const done = await editor.session.connection.request<'netns'>({ type: 'netns', lab, query, argument }).done
      setText(done.text || t.nothing)
    } catch (reason) {
      setError(said(reason))
    }
  }
  const rows: readonly (readonly [string, string])[] = [
    ['ip netns list', t.netnsList],
    ['ip netns add NAME', t.netnsAdd],
    ['ip netns set NAME NSID', t.netnsSet],
    ['ip netns delete NAME', t.netnsDelete],
    ['ip netns identify PID', t.netnsIdentify],
    ['ip netns pids NAME', t.netnsPids],
    ['ip netns exec NAME COMMAND', t.netnsExec(lab)],
    ['ip netns monitor', t.netnsMonitor(lab)],
    ['ip netns list-id', t.netnsListId],
  ]
  return (
    <Dialog
      title="ip netns"
      wide
      onClose={() => editor.dialog.set(null)}
      onSubmit={() => void run()}
      footer={
        <Button type="submit" variant="primary">
          {t.run}
        </Button>
      }
    >
      <table className={styles.table}>
        <tbody>
          {rows.map(([command, where]) => (
            <tr key={command}>
              <td className="mono">{command}</td>
              <td>{where}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className={styles.inline}>
        <Select aria-label="ip netns" value={query} onChange={(e) => setQuery(e.target.value as Query)}>
          {QUERIES.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </Select>
        {(query === 'pids' || query === 'identify') && (
          <Input
            mono
            aria-label={query === 'pids' ? t.namespace : 'PID'}
            value={argument}
            onChange={(e) => setArgument(e.target.value)}
          />
        )}
      </div>
      {text !== undefined && (
        <pre className={styles.code} role="status">
          {text}
        </pre>
      )}
      <Refused text={error} />
    </Dialog>
  )
}
