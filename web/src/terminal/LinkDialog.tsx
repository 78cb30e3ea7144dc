import { Button, Dialog } from '@/ui'
import styles from './Terminal.module.css'
import { useTerminalPaneTexts } from './texts'

/** What a program printed may be a trap: the address is shown in full before it is opened. */
export function LinkDialog({ address, onClose }: { address: string; onClose: () => void }) {
  const t = useTerminalPaneTexts()
  const open = (): void => {
    window.open(address, '_blank', 'noopener,noreferrer')
    onClose()
  }
  return (
    <Dialog
      title={t.link}
      description={t.linkText}
      onClose={onClose}
      onSubmit={open}
      footer={
        <>
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button type="submit" variant="primary">
            {t.linkOpen}
          </Button>
        </>
      }
    >
      <p className={`${styles.address} mono`}>{address}</p>
    </Dialog>
  )
}
