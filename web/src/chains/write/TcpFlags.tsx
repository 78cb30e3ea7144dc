import { Select } from '@/ui'
import { setMatch } from '../model/change'
import { partOf, textOf } from '../model/parts'
import { Line, Typed } from './controls'
import styles from './Form.module.css'
import type { FormProps } from './props'
import { useWriteTexts } from './texts'

type How = '' | 'syn' | 'not-syn' | 'mask'

/** `--syn` is `--tcp-flags FIN,SYN,RST,ACK SYN`; that is how iptables-save prints it. */
const SYN = 'FIN,SYN,RST,ACK'

export function TcpFlags({ parsed, onChange }: FormProps) {
  const t = useWriteTexts()
  const part = partOf(parsed, 'tcp-flags', 'tcp')
  const syn = partOf(parsed, 'syn', 'tcp')
  const isTcp = /^(tcp|6)$/.test(textOf(parsed, 'protocol') ?? '')
  if (!isTcp && !part && !syn) return null
  const [mask = '', set = ''] = part?.values.map((w) => w.text) ?? []
  const plain = syn ?? (mask === SYN && set === 'SYN' ? part : undefined)
  const how: How = plain ? (plain.negated ? 'not-syn' : 'syn') : part ? 'mask' : ''
  const put = (next: How, values: readonly string[] = [mask || SYN, set || 'SYN']): void => {
    const bare = setMatch(parsed.text, 'tcp', 'syn', null)
    const negated = next === 'not-syn'
    const wanted = next === 'mask' ? values : [SYN, 'SYN']
    onChange(setMatch(bare, 'tcp', 'tcp-flags', next === '' ? null : { values: wanted, negated }))
  }
  return (
    <>
      <Line label={t.flags}>
        {(ids) => (
          <Select
            {...ids}
            compact
            className={styles.input}
            value={how}
            onChange={(e) => (e.target.value === 'mask' ? put('mask', ['SYN,ACK', 'SYN']) : put(e.target.value as How))}
          >
            <option value="">{t.any}</option>
            <option value="syn">{t.flagsSyn}</option>
            <option value="not-syn">{t.flagsNotSyn}</option>
            <option value="mask">{t.other}</option>
          </Select>
        )}
      </Line>
      {how === 'mask' && (
        <>
          <Line label={t.flagsMask}>
            {(ids) => <Typed {...ids} value={mask} onChange={(next) => put('mask', [next || 'ALL', set])} />}
          </Line>
          <Line label={t.flagsSet}>
            {(ids) => <Typed {...ids} value={set} onChange={(next) => put('mask', [mask, next || 'NONE'])} />}
          </Line>
        </>
      )}
    </>
  )
}
