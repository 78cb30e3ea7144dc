import { Value } from '@/ui'

/** While a picture of everything is taken, nothing is left out for being out of sight. */
export const everything = new Value(false)
