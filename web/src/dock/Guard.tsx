import { Component, type ReactNode } from 'react'
import { Button } from '@/ui'
import styles from './Dock.module.css'
import { useDockTexts } from './texts'

/** An error boundary: a tool that fails or cannot be loaded does not affect the others. */
export class Guard extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null }

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error }
  }

  override render(): ReactNode {
    const { error } = this.state
    if (error === null) return this.props.children
    return <Failed error={error} again={() => this.setState({ error: null })} />
  }
}

function Failed({ error, again }: { error: Error; again: () => void }) {
  const t = useDockTexts()
  return (
    <div className={styles.wait} role="alert">
      <p>{t.failed}</p>
      <p>{error.message}</p>
      <Button size="s" onClick={again}>
        {t.again}
      </Button>
    </div>
  )
}
