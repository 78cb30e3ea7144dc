import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { FormEvent, ReactNode } from 'react'
import { IconButton } from './Button'
import styles from './Dialog.module.css'
import { useUiTexts } from './texts'

/** The first field gets the focus, else the dialog, not the button that closes: its tooltip would take the first Escape.
 * A field with `autoFocus` has it already. */
function focusField(event: Event): void {
  const dialog = event.target
  if (!(dialog instanceof HTMLElement)) return
  event.preventDefault()
  const field = dialog.querySelector<HTMLElement>('input, select, textarea') ?? dialog
  field.focus()
}

/** A modal dialog. `title` may be the label of the action that opens it; its ellipsis is removed. With `onSubmit` the content is a form: Enter submits. `footer` contains the buttons. */
export function Dialog({
  title,
  description,
  onClose,
  onSubmit,
  footer,
  wide,
  children,
}: {
  title: string
  description?: ReactNode
  onClose: () => void
  onSubmit?: () => void
  footer?: ReactNode
  wide?: boolean
  children: ReactNode
}) {
  const t = useUiTexts()
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    onSubmit?.()
  }
  const body = (
    <>
      <div className={styles.body}>{children}</div>
      {footer && <div className={styles.footer}>{footer}</div>}
    </>
  )
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={styles.overlay} />
        <Radix.Content
          className={styles.dialog}
          data-wide={wide || undefined}
          onOpenAutoFocus={focusField}
          {...(description === undefined ? { 'aria-describedby': undefined } : {})}
        >
          <header className={styles.header}>
            <Radix.Title className={styles.title}>{title.replace(/…$/, '')}</Radix.Title>
            <Radix.Close asChild>
              <IconButton label={t.close}>
                <X size={16} />
              </IconButton>
            </Radix.Close>
          </header>
          {description !== undefined && (
            <Radix.Description className={styles.description}>{description}</Radix.Description>
          )}
          {onSubmit ? (
            <form className={styles.form} onSubmit={submit} noValidate>
              {body}
            </form>
          ) : (
            body
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
