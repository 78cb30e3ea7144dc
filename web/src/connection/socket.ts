/** The wire: Socket.IO, websocket only. Nothing else in the app imports its client. */

import { io } from 'socket.io-client'
import { meant } from './token'

export type WireState = 'connecting' | 'open' | 'lost' | 'denied'

/** What the connection needs of a wire. Payloads are JSON text; those of `terminal` are binary frames. */
export interface Wire {
  send(event: 'request' | 'terminal', payload: string | Uint8Array): void
  listen(onEvent: (event: string, payload: string | ArrayBuffer) => void, onState: (state: WireState) => void): void
  close(): void
}

const EVENTS = ['answer', 'stream', 'delta', 'labs', 'notice', 'terminal']

/** A wire to the server that this page came from. `token`: undefined where a cookie of an earlier visit speaks for us.
 * `name`: what the person is called at that moment. */
export function openSocket(token: string | undefined, name: () => string): Wire {
  const socket = io({
    transports: ['websocket'],
    auth: (send) => send({ name: name(), ...(token === undefined ? meant() : { token }) }),
    autoConnect: false,
    reconnectionDelay: 300,
    reconnectionDelayMax: 3000,
  })
  return {
    send: (event, payload) => {
      socket.emit(event, payload)
    },
    listen: (onEvent, onState) => {
      for (const event of EVENTS) socket.on(event, (payload: string | ArrayBuffer) => onEvent(event, payload))
      socket.on('connect', () => onState('open'))
      socket.on('disconnect', (reason) => {
        onState('lost')
        // The server ended it (restart, overrun): the client library does not come back by itself then.
        if (reason === 'io server disconnect') setTimeout(() => socket.connect(), 500)
      })
      socket.on('connect_error', () => onState(socket.active ? 'lost' : 'denied'))
      onState('connecting')
      socket.connect()
    },
    close: () => socket.close(),
  }
}
