import { useState } from 'react'
import type { NamespaceLive } from '@/protocol'
import { Switch } from '@/ui'
import { EditText, Refused, Section, styles, useAsk } from '../parts'
import { usePanelTexts } from '../texts'

/** Those that are on or off, in the order of their worth; the rest are texts. */
const SWITCHES = [
  'net.ipv4.ip_forward',
  'net.ipv6.conf.all.forwarding',
  'net.ipv6.conf.all.disable_ipv6',
  'net.ipv4.conf.all.proxy_arp',
  'net.ipv4.icmp_echo_ignore_all',
]

export function Sysctls({ name, live }: { name: string; live: NamespaceLive }) {
  const t = usePanelTexts()
  const ask = useAsk()
  const [error, setError] = useState<string>()
  const values = live.sysctls ?? {}
  const set = (key: string, value: string): Promise<string | undefined> =>
    ask([{ do: 'set-sysctl', namespace: name, key, value }], t.changed(name, key))
  const others = Object.keys(values).filter((key) => !SWITCHES.includes(key))
  const names: Record<string, string> = {
    'net.ipv4.ip_forward': t.ipForward,
    'net.ipv6.conf.all.forwarding': t.ip6Forward,
    'net.ipv6.conf.all.disable_ipv6': t.disableIpv6,
    'net.ipv4.conf.all.proxy_arp': t.proxyArp,
    'net.ipv4.icmp_echo_ignore_all': t.ignoreEcho,
  }
  return (
    <Section title={t.sysctls}>
      <div className={styles.stack} style={{ gap: 8 }}>
        {SWITCHES.filter((key) => key in values).map((key) => (
          <Switch
            key={key}
            label={names[key] ?? key}
            checked={values[key] !== '0'}
            onChange={async (on) => setError(await set(key, on ? '1' : '0'))}
          />
        ))}
      </div>
      <Refused text={error} />
      <details style={{ marginTop: 8 }}>
        <summary className={styles.dim}>{t.moreSysctls}</summary>
        <div className={styles.stack} style={{ marginTop: 8 }}>
          {others.map((key) => (
            <EditText key={key} label={key} value={values[key] ?? ''} onCommit={(value) => set(key, value)} />
          ))}
        </div>
      </details>
    </Section>
  )
}
