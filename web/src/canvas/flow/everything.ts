import { Value } from '@/ui'

/** While a picture of everything is taken, culling is off. */
export const everything = new Value(false)
