import { useValue, Value } from '@/ui/value'

/** All visible texts are in catalogues: plain texts, and functions for texts with parameters.
 *
 *     export const useTexts = catalogue(en, zhHant)      // a key missing in zhHant does not compile
 *     const t = useTexts(); t.namespace; t.removed(3) */

export const LANGUAGES = { en: 'English', 'zh-Hant': '繁體中文' } as const
export type Language = keyof typeof LANGUAGES

export type Texts = { readonly [key: string]: string | ((...args: never[]) => string) }

/** The same keys, the same parameters, other words. */
export type Translation<T extends Texts> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => string ? (...args: A) => string : string
}

const KEY = 'vethboard.language'

function initial(): Language {
  const stored = localStorage.getItem(KEY)
  if (stored === 'en' || stored === 'zh-Hant') return stored
  return navigator.languages.some((l) => /^zh-(hant|tw|hk|mo)/i.test(l)) ? 'zh-Hant' : 'en'
}

export const language = new Value<Language>(initial())

function mark(): void {
  document.documentElement.lang = language.get()
}
language.subscribe(() => {
  localStorage.setItem(KEY, language.get())
  mark()
})
mark()

export interface Catalogue<T extends Texts> {
  /** In a component: renders again when the language changes. */
  (): Translation<T>
  /** Outside of one: the texts of the language of now. */
  now(): Translation<T>
}

export function catalogue<const T extends Texts>(en: T, zhHant: Translation<T>): Catalogue<T> {
  const choose = (l: Language): Translation<T> => (l === 'en' ? (en as unknown as Translation<T>) : zhHant)
  const use = (): Translation<T> => choose(useValue(language))
  return Object.assign(use, { now: () => choose(language.get()) })
}

/** English plural: `count(2, 'namespace')` is "2 namespaces". */
export const count = (n: number, one: string, many = `${one}s`): string =>
  `${new Intl.NumberFormat('en').format(n)} ${n === 1 ? one : many}`
