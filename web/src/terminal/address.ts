/** Where a file of a namespace's home is fetched from and put to (server/requests/files.py). */
export function fileAddress(lab: string, namespace: string, path: string): string {
  const parts = [lab, 'files', namespace, ...path.split('/')].map(encodeURIComponent)
  return `/labs/${parts.join('/')}`
}
