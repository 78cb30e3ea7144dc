import { useCallback } from 'react'
import { useCamera } from '../flow/camera'
import { latticeOf } from '../model/lattice'
import styles from './Dots.module.css'

/** The dots of the table. They follow the view without a render. */
export function Dots() {
  const camera = useCamera()
  const follow = useCallback(
    (element: HTMLDivElement | null) => {
      if (!element) return
      const place = (): void => {
        const { x, y, gap, radius } = latticeOf(camera.get())
        const { style } = element
        style.backgroundImage = `radial-gradient(circle, var(--dots) ${radius}px, transparent ${radius + 0.5}px)`
        style.backgroundSize = `${gap}px ${gap}px`
        style.backgroundPosition = `${x}px ${y}px`
      }
      place()
      return camera.subscribe(place)
    },
    [camera],
  )
  return <div ref={follow} className={styles.dots} aria-hidden="true" />
}
