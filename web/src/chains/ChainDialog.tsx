import { useState } from 'react'
import { errorMessage, useEditor } from '@/editor'
import { Button, Dialog, Field, Input, Select } from '@/ui'
import { type ChainRef, usePanel } from './context'
import { badChainName, TABLES } from './model/hooks'
import { useChainsTexts } from './texts'

/** Name a new chain of a table, or give one another name (`iptables -N`, `-E`). */
export function ChainDialog({
  chainRef,
  rename,
  onClose,
}: {
  chainRef: ChainRef
  rename?: string
  onClose: () => void
}) {
  const t = useChainsTexts()
  const editor = useEditor()
  const { namespace, go } = usePanel()
  const [name, setName] = useState(rename ?? '')
  const [table, setTable] = useState(chainRef.table)
  const [error, setError] = useState<string>()
  const fault = badChainName(name)
  const words = { empty: t.emptyName, long: t.longName, sign: t.signName, target: t.targetName }
  const submit = async (): Promise<void> => {
    if (fault) {
      setError(words[fault])
      return
    }
    const where = { namespace, family: chainRef.family, table }
    try {
      if (rename === undefined) await editor.request([{ do: 'add-chain', ...where, name }], t.chainAdded(name))
      else
        await editor.request([{ do: 'rename-chain', ...where, name: rename, to: name }], t.chainRenamed(rename, name))
      go({ ...chainRef, table, name })
      onClose()
    } catch (reason) {
      setError(errorMessage(reason))
    }
  }
  return (
    <Dialog
      title={rename === undefined ? t.newChain : t.renameChain}
      onClose={onClose}
      onSubmit={() => void submit()}
      footer={
        <>
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button type="submit" variant="primary">
            {rename === undefined ? t.create : t.rename}
          </Button>
        </>
      }
    >
      <Field label={t.chainName} hint={t.chainNameHint} error={error}>
        {(ids) => (
          <Input
            {...ids}
            mono
            autoFocus
            value={name}
            onChange={(e) => {
              setName(e.target.value)
              setError(undefined)
            }}
          />
        )}
      </Field>
      {rename === undefined && (
        <Field label={t.inTable}>
          {(ids) => (
            <Select {...ids} value={table} onChange={(e) => setTable(e.target.value as ChainRef['table'])}>
              {TABLES.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </Select>
          )}
        </Field>
      )}
    </Dialog>
  )
}
