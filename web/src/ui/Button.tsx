import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react'
import styles from './Button.module.css'
import { cx } from './class'
import { Tooltip } from './Tooltip'

type Base = ButtonHTMLAttributes<HTMLButtonElement> & { ref?: Ref<HTMLButtonElement> }

/** `primary`: the one thing to do here. `plain` has no border. `danger` deletes. */
export function Button({
  variant = 'default',
  size = 'm',
  className,
  ...rest
}: Base & { variant?: 'default' | 'primary' | 'plain' | 'danger'; size?: 's' | 'm' }) {
  return <button type="button" {...rest} className={cx(styles.button, styles[variant], styles[size], className)} />
}

/** A button with only an icon; `label` is its name and tooltip, with the `shortcut` after it. `s` is for toolbars, `xs` for rows. */
export function IconButton({
  label,
  shortcut,
  pressed,
  size = 'm',
  children,
  className,
  ...rest
}: Base & { label: string; shortcut?: string; pressed?: boolean; size?: 'm' | 's' | 'xs'; children: ReactNode }) {
  return (
    <Tooltip text={label} shortcut={shortcut}>
      <button
        type="button"
        aria-label={label}
        aria-pressed={pressed}
        data-size={size}
        {...rest}
        className={cx(styles.icon, className)}
      >
        {children}
      </button>
    </Tooltip>
  )
}
