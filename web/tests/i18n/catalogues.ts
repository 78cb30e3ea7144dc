import type { Catalogue, Texts } from '@/i18n'

const modules = import.meta.glob<Record<string, unknown>>(
  ['../../src/**/{texts,*-texts,*Texts}.ts', '../../src/**/texts/*.ts', '../../src/source/{phrases,sentences}.ts'],
  { eager: true },
)

/** The files that are looked at, from `src` on: `journey/texts.ts`. */
export const files: ReadonlySet<string> = new Set(Object.keys(modules).map((path) => path.slice(10)))

/** Every catalogue of the browser: where it is, and what it holds. */
export const catalogues = Object.entries(modules).flatMap(([path, module]) =>
  Object.entries(module).flatMap(([name, value]): [string, Catalogue<Texts>][] =>
    typeof value === 'function' && 'now' in value ? [[`${path.slice(10)} ${name}`, value as Catalogue<Texts>]] : [],
  ),
)
