import { type Frame, field } from './frame'
import type { Field } from './types'

const START =
  /^(?:(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE) (\S+) (HTTP\/1\.[01])|(HTTP\/1\.[01]) (\d{3}) ?(.*))$/
const LONGEST = 16384

/** RFC 9112, where a segment begins with a request or status line. Says whether it does. */
export function http(f: Frame, at: number): boolean {
  const text = String.fromCharCode(...f.bytes.subarray(at, Math.min(f.end, at + LONGEST)))
  const lineEnd = text.indexOf('\r\n')
  const start = lineEnd < 0 ? null : START.exec(text.slice(0, lineEnd))
  if (!start) return false
  const fields: Field[] = []
  const to = at + lineEnd
  const [line, method, target, , , status, phrase] = start
  if (method) {
    fields.push(
      field('Method', method, at, to, 'http.request.method'),
      field('Target', target ?? '', at, to, 'http.request.uri'),
    )
  } else {
    fields.push(
      field('Status code', status ?? '', at, to, 'http.response.code', Number(status)),
      field('Reason', phrase ?? '', at, to),
    )
  }
  const end = headers(text, lineEnd + 2, at, fields)
  if (at + end < f.end) fields.push(field('Body', `${f.end - at - end} bytes`, at + end, f.end))
  f.layer('http', `Hypertext Transfer Protocol, ${line}`, at, f.end, fields)
  f.summary.info = line
  return true
}

/** Adds a field per header line; where the body begins in `text`. */
function headers(text: string, from: number, shift: number, fields: Field[]): number {
  let at = from
  for (;;) {
    const to = text.indexOf('\r\n', at)
    if (to < 0) return text.length
    if (to === at) return to + 2
    const colon = text.indexOf(':', at)
    if (colon > at && colon < to) {
      const name = text.slice(at, colon)
      fields.push(
        field(
          name,
          text.slice(colon + 1, to).trim(),
          shift + at,
          shift + to,
          `http.${name.toLowerCase().replaceAll('-', '_')}`,
        ),
      )
    }
    at = to + 2
  }
}
