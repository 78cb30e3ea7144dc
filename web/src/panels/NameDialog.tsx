import { useState } from 'react'
import { useEditor } from '@/editor'
import { personName } from '@/store'
import { announce, Button, Dialog, Field, Input } from '@/ui'
import { said } from './parts'
import { usePanelTexts } from './texts'

/** What others call the person at this browser: asked once, and changed in the settings. */
export function NameDialog() {
  const t = usePanelTexts()
  const editor = useEditor()
  const [name, setName] = useState(personName.get() ?? '')
  const [error, setError] = useState<string>()
  const [saving, setSaving] = useState(false)
  const close = (): void => {
    if (personName.get() === null) personName.set('') // not asked again
    editor.dialog.set(null)
  }
  const save = async (): Promise<void> => {
    setSaving(true)
    try {
      await editor.session.connection.request<'set-name'>({ type: 'set-name', name: name.trim() }).done
    } catch (reason) {
      setError(said(reason))
      setSaving(false)
      return
    }
    personName.set(name.trim())
    announce(t.nameSaved)
    editor.dialog.set(null)
  }
  return (
    <Dialog
      title={t.yourName}
      description={t.yourNameWhy}
      onClose={close}
      onSubmit={() => void save()}
      footer={
        <>
          <Button onClick={close}>{t.notNow}</Button>
          <Button type="submit" variant="primary" disabled={saving}>
            {t.save}
          </Button>
        </>
      }
    >
      <Field label={t.name} hint={t.nameHint} error={error}>
        {(ids) => (
          <Input
            {...ids}
            value={name}
            maxLength={40}
            autoComplete="nickname"
            onChange={(e) => {
              setName(e.target.value)
              setError(undefined)
            }}
          />
        )}
      </Field>
    </Dialog>
  )
}
