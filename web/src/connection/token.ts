/** The token of `?token=…`, taken out of the address bar so that it is neither bookmarked nor shared by accident. */
export function takeToken(): string | undefined {
  const url = new URL(window.location.href)
  const token = url.searchParams.get('token') ?? undefined
  if (token !== undefined) {
    url.searchParams.delete('token')
    window.history.replaceState(window.history.state, '', url)
  }
  return token
}
