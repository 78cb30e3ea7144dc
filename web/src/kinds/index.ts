/** How kinds of interfaces look and what they are called. All else about a kind is in its declaration: docs/adding-a-kind.md. */

export * from './icons'
export * from './texts'
