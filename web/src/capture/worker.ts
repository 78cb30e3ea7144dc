/// <reference lib="webworker" />
/** Dissects frames in a worker. */

import type { Answers, Ask, Question, Reply } from './messages'
import { FrameStore } from './store'

const store = new FrameStore()

function answer(ask: Ask): Answers[keyof Answers] {
  switch (ask.do) {
    case 'reset':
      store.reset(ask.interfaces)
      return store.counts()
    case 'add':
      store.add(ask.first, ask.bytes, ask.oldest)
      return store.counts()
    case 'filter':
      store.setFilter(ask.source)
      return store.counts()
    case 'rows':
      return store.rows(ask.from, ask.to)
    case 'detail':
      return store.detail(ask.number)
    case 'follow':
      return store.follow(ask.number)
  }
}

self.onmessage = (event: MessageEvent<Question>) => {
  const reply: Reply = { id: event.data.id, answer: answer(event.data) }
  self.postMessage(reply)
}
