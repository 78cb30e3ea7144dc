/** Class names that are there: `cx('chip', selected && 'selected')`. */
export const cx = (...names: (string | false | null | undefined)[]): string => names.filter(Boolean).join(' ')
