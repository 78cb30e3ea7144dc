import { ChevronFirst, ChevronLast, Pause, Play, SkipBack, SkipForward } from 'lucide-react'
import { IconButton, Select } from '@/ui'
import styles from './Journey.module.css'
import { useJourneyTexts } from './texts'
import { type Player, SPEEDS } from './usePlayer'

/** Play, step, jump: as a recorder has them. */
export function Timeline({ player, hops, said }: { player: Player; hops: number; said: string }) {
  const t = useJourneyTexts()
  const { hop, playing } = player
  const last = Math.max(0, hops - 1)
  return (
    <section className={styles.timeline} aria-label={t.hops}>
      <IconButton label={t.begin} disabled={hop === 0} onClick={() => player.go(0)}>
        <ChevronFirst size={16} />
      </IconButton>
      <IconButton label={t.back} disabled={hop === 0} onClick={() => player.go(hop - 1)}>
        <SkipBack size={15} />
      </IconButton>
      <IconButton label={playing ? t.pause : t.play} onClick={() => player.play(!playing)}>
        {playing ? <Pause size={16} /> : <Play size={16} />}
      </IconButton>
      <IconButton label={t.forward} disabled={hop >= last} onClick={() => player.go(hop + 1)}>
        <SkipForward size={15} />
      </IconButton>
      <IconButton label={t.end} disabled={hop >= last} onClick={() => player.go(last)}>
        <ChevronLast size={16} />
      </IconButton>
      <input
        type="range"
        className={styles.range}
        aria-label={t.position}
        aria-valuetext={`${t.hop(hop + 1, hops)}: ${said}`}
        min={0}
        max={last}
        value={hop}
        onChange={(e) => player.go(Number(e.target.value))}
      />
      <span className={styles.place}>{t.hop(hop + 1, hops)}</span>
      <Select
        compact
        className={styles.speed}
        aria-label={t.speed}
        value={player.speed}
        onChange={(e) => player.setSpeed(Number(e.target.value))}
      >
        {SPEEDS.map((speed) => (
          <option key={speed} value={speed}>
            {`${speed}×`}
          </option>
        ))}
      </Select>
    </section>
  )
}
