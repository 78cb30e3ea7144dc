export * from './connection'
export * from './results'
export { openSocket, type Wire, type WireState } from './socket'
export { takeToken } from './token'
