import { memo, type RefObject, useEffect } from 'react'
import { useCamera } from '../flow/camera'
import { panByWheel } from './wheel'

/** Two fingers on a trackpad pan the canvas. */
export const WheelPan = memo(function WheelPan({ area }: { area: RefObject<HTMLElement | null> }) {
  const camera = useCamera()
  useEffect(() => (area.current ? panByWheel(area.current, camera.panBy) : undefined), [area, camera])
  return null
})
