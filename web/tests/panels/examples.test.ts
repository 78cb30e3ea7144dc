import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { exampleWords, useExampleTexts } from '@/editor'
import { LANGUAGES, type Language, language } from '@/i18n'
import { sketch } from '@/panels/thumbnail'

const FOLDER = `${import.meta.dirname}/../../../examples`
const documents = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(`${FOLDER}/${name}`, 'utf8')))

describe('the examples', () => {
  test.each(documents.map((d) => [d.name, d]))('%s is named and described in every language', (name, document) => {
    for (const spoken of Object.keys(LANGUAGES) as Language[]) {
      language.set(spoken)
      const { title, about } = exampleWords(useExampleTexts.now(), document)
      expect(title).not.toBe(name)
      expect(about).not.toBe(document.description)
    }
    language.set('en')
  })
  test.each(documents.map((d) => [d.name, d]))('%s can be drawn small', (_, document) => {
    const { boxes, lines, width, height } = sketch(document)
    expect(boxes.length).toBeGreaterThan(1)
    expect(lines.length).toBeGreaterThan(0)
    for (const { x, y, w, h } of boxes) {
      expect(x >= 0 && y >= 0 && x + w <= width && y + h <= height).toBe(true)
    }
  })
})
