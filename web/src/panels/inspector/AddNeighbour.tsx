import { useState } from 'react'
import { useEditor } from '@/editor'
import { Button, Input, Select, useValue } from '@/ui'
import { Refused, styles, useAsk } from '../parts'
import { usePanelTexts } from '../texts'

/** A permanent neighbour entry (`ip neighbour add … nud permanent`). */
export function AddNeighbour({ namespace }: { namespace: string }) {
  const t = usePanelTexts()
  const ask = useAsk()
  const scene = useValue(useEditor().lab.scene)
  const devs = [...scene.interfaces.values()].filter((i) => i.namespace === namespace && i.name !== 'lo')
  const [dev, setDev] = useState('')
  const [address, setAddress] = useState('')
  const [mac, setMac] = useState('')
  const [error, setError] = useState<string>()
  const add = async (): Promise<void> => {
    const neighbour = { kind: 'neighbour' as const, namespace, dev: dev || (devs[0]?.name ?? ''), address, mac }
    const refused = await ask([{ do: 'add-neighbour', neighbour }], t.added(address))
    setError(refused)
    if (!refused) {
      setAddress('')
      setMac('')
    }
  }
  if (devs.length === 0) return null
  return (
    <details style={{ marginTop: 6 }}>
      <summary className={styles.dim}>{t.addNeighbour}</summary>
      <form
        className={styles.fields}
        style={{ marginTop: 6 }}
        onSubmit={(e) => {
          e.preventDefault()
          void add()
        }}
      >
        <Input
          mono
          aria-label={t.address}
          placeholder="10.0.1.9"
          value={address}
          onChange={(e) => setAddress(e.target.value)}
        />
        <Input
          mono
          aria-label="MAC"
          placeholder="02:00:00:00:00:09"
          value={mac}
          onChange={(e) => setMac(e.target.value)}
        />
        <Select aria-label={t.interface} value={dev} onChange={(e) => setDev(e.target.value)}>
          {devs.map((d) => (
            <option key={d.ref}>{d.name}</option>
          ))}
        </Select>
        <Button type="submit" disabled={!address || !mac}>
          {t.add}
        </Button>
      </form>
      <Refused text={error} />
    </details>
  )
}
