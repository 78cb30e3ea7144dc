import { useState } from 'react'
import { Needs } from '@/editor'
import { Button, Field, Input, Select } from '@/ui'
import styles from './Journey.module.css'
import { useProbeTexts } from './probeTexts'
import { useJourneyTexts } from './texts'
import type { Tracing, WatchFilter } from './useTracing'

/** Journeys of the lab's own traffic. */
export function WatchForm({ tracing }: { tracing: Tracing }) {
  const t = useJourneyTexts()
  const p = useProbeTexts()
  const [filter, setFilter] = useState<WatchFilter>({ host: '', port: '', protocol: '' })
  const watching = tracing.busy === 'watch'
  return (
    <form
      className={styles.form}
      aria-label={t.live}
      onSubmit={(event) => {
        event.preventDefault()
        void tracing.watch(filter)
      }}
    >
      <p className={styles.hint}>{t.watchHint}</p>
      <Field label={t.host}>
        {(ids) => (
          <Input
            mono
            {...ids}
            placeholder={t.hostHint}
            value={filter.host}
            onChange={(e) => setFilter({ ...filter, host: e.target.value })}
          />
        )}
      </Field>
      <Field label={t.protocol}>
        {(ids) => (
          <Select
            {...ids}
            value={filter.protocol}
            onChange={(e) => setFilter({ ...filter, protocol: e.target.value as WatchFilter['protocol'] })}
          >
            <option value="">–</option>
            {(['icmp', 'tcp', 'udp'] as const).map((p) => (
              <option key={p} value={p}>
                {p.toUpperCase()}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label={p.number('port')}>
        {(ids) => (
          <Input
            {...ids}
            type="number"
            min={1}
            max={65535}
            value={filter.port}
            onChange={(e) => setFilter({ ...filter, port: e.target.value })}
          />
        )}
      </Field>
      {tracing.sampled && (
        <p className={styles.hint} role="status">
          {t.watched(tracing.sampled.traced, tracing.sampled.traced + tracing.sampled.skipped)}
        </p>
      )}
      <div className={styles.buttons}>
        {watching ? (
          <Button onClick={tracing.stop}>{t.stopWatching}</Button>
        ) : (
          <Needs>
            <Button type="submit" variant="primary" disabled={tracing.busy !== null}>
              {t.watch}
            </Button>
          </Needs>
        )}
      </div>
    </form>
  )
}
