import { useMemo, useRef } from 'react'

/** Maps a list and keeps the results of entries that are the same objects as before. */
export function useMemoizedMap<A extends object, B>(list: readonly A[], map: (entry: A) => B): B[] {
  const cache = useRef(new WeakMap<A, B>())
  return useMemo(
    () =>
      list.map((entry) => {
        const known = cache.current.get(entry)
        if (known) return known
        const made = map(entry)
        cache.current.set(entry, made)
        return made
      }),
    [list, map],
  )
}
