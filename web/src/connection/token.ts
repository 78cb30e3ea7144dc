const LINK = 'vethboard.link'

/** The token of `?token=…`, taken out of the address bar so that it is neither bookmarked nor shared by accident. This tab remembers whose
 * link it was: of a lab, or the administrator's. Another tab may have been opened with another one. */
export function takeToken(): string | undefined {
  const url = new URL(window.location.href)
  const token = url.searchParams.get('token') ?? undefined
  if (token !== undefined) {
    const lab = url.searchParams.get('lab')
    if (lab === null) sessionStorage.removeItem(LINK)
    else sessionStorage.setItem(LINK, lab)
    url.searchParams.delete('token')
    window.history.replaceState(window.history.state, '', url)
  }
  return token
}

/** The administrator's link may name a lab as well: then this tab is no lab's. */
export function openedByAdministrator(): void {
  sessionStorage.removeItem(LINK)
}

/** What tells the server which of this browser's tokens is meant: the lab whose link was opened in this tab, and the one in the address. */
export function meant(): { link?: string; lab?: string } {
  const link = sessionStorage.getItem(LINK)
  const lab = new URL(window.location.href).searchParams.get('lab')
  return { ...(link === null ? {} : { link }), ...(lab === null ? {} : { lab }) }
}
