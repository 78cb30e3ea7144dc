import 'uplot/dist/uPlot.min.css'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import { useLab } from '@/editor'
import { type Amounts, useAmounts } from '@/i18n/amounts'
import { KEPT, useRecord } from '@/store'
import { theme, useValue } from '@/ui'

const HEIGHT = 72

const colour = (element: Element, token: string): string => {
  const probe = document.createElement('span')
  probe.style.color = `var(${token})`
  element.append(probe)
  const found = getComputedStyle(probe).color
  probe.remove()
  return found
}

function chart(element: HTMLElement, { short }: Amounts): uPlot {
  const [rx, tx, dim] = [colour(element, '--accent'), colour(element, '--up'), colour(element, '--text-3')]
  const axis = {
    stroke: dim,
    font: '10px "JetBrains Mono Variable", monospace',
    grid: { show: false },
    ticks: { show: false },
  }
  const line = { width: 1.5, points: { show: false } }
  return new uPlot(
    {
      width: element.clientWidth || 280,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      padding: [6, 2, 0, 0],
      scales: {
        x: { time: false, range: (_u, _min, max) => [max - KEPT, max] },
        y: { range: (_u, _min, max) => [0, Math.max(max * 1.1, 1000)] },
      },
      axes: [
        { show: false },
        {
          ...axis,
          size: 46,
          space: 24,
          values: (u, marks) => marks.map((v) => (u.data[0].length > 1 ? short(v) : '')),
        },
      ],
      series: [
        {},
        { ...line, stroke: rx, fill: `color-mix(in srgb, ${rx} 12%, transparent)` },
        { ...line, stroke: tx },
      ],
    },
    [[], [], []],
    element,
  )
}

/** The rates of the last two minutes. */
export default function Sparkline({ of, label }: { of: string; label: string }) {
  const { rates } = useLab()
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const rate = useRecord(rates, of)
  const chosen = useValue(theme)
  const written = useAmounts()
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours
  useEffect(() => {
    if (!box.current) return
    const made = chart(box.current, written)
    plot.current = made
    return () => made.destroy()
  }, [chosen, written])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new rate is a new point of the history; so is a new chart
  useEffect(() => {
    const seen = rates.history(of)
    plot.current?.setData([seen.map((r) => r.at), seen.map((r) => r.rx), seen.map((r) => r.tx)])
  }, [rates, of, rate, chosen, written])
  return <div ref={box} role="img" aria-label={label} style={{ height: HEIGHT, width: '100%' }} />
}
