import { Value } from '@/ui/value'

const [NAME, SESSIONS] = ['vethboard.name', 'vethboard.sessions']
/** How many of its sessions a browser remembers. */
const MOST = 100

/** What the person at this browser wants to be called; '' when they would not say; null when they were not asked yet. */
export const personName = new Value<string | null>(localStorage.getItem(NAME))
personName.subscribe(() => localStorage.setItem(NAME, personName.get() ?? ''))

function sessions(): string[] {
  try {
    const known: unknown = JSON.parse(localStorage.getItem(SESSIONS) ?? '[]')
    return Array.isArray(known) ? known.map(String) : []
  } catch {
    return []
  }
}

/** The server calls this visit so, in the history too. */
export function rememberSession(id: string): void {
  const known = sessions()
  if (id && !known.includes(id)) localStorage.setItem(SESSIONS, JSON.stringify([...known, id].slice(-MOST)))
}

/** Whether that is a visit of this browser: now, before a reload, in another tab. */
export const isMine = (session: string): boolean => sessions().includes(session)
