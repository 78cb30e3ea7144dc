/** What a gesture would do: pure functions of boxes, scenes and records. */

export * from './areas'
export * from './arrange'
export * from './boxes'
export * from './link'
export * from './snap'
export * from './walk'
