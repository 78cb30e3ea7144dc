import type { Catalogue, Texts } from '@/i18n'

const modules = import.meta.glob<Record<string, unknown>>(
  ['../../src/**/{texts,*-texts,*Texts}.ts', '../../src/**/texts/*.ts', '../../src/source/{phrases,sentences}.ts'],
  { eager: true },
)

/** Every catalogue of the browser: where it is, and what it holds. */
export const catalogues = Object.entries(modules).flatMap(([path, module]) =>
  Object.entries(module).flatMap(([name, value]): [string, Catalogue<Texts>][] =>
    typeof value === 'function' && 'now' in value ? [[`${path.slice(10)} ${name}`, value as Catalogue<Texts>]] : [],
  ),
)
