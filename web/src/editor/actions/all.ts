/** All actions, in the order of the sheet of shortcuts and of the command palette. */

import type { Action } from './action'
import { ADD_NODES, ADD_ROWS, addLink, addNamespaceAction } from './add'
import { APP_ACTIONS } from './app'
import { CANVAS_ACTIONS } from './canvas'
import { chains } from './chains'
import { deselect, redo, remove, selectAll, undo } from './edit'
import { moveTo, rename, setMaster, toggleUp } from './interface'
import { trace } from './journey'
import { exportDocument, importDocument, showHistory } from './lab'
import { RULE_ACTIONS } from './rules'
import { STAGING_ACTIONS } from './staging'
import { TERMINAL_ACTIONS } from './terminal'
import { capture, ping } from './tools'
import { fit, VIEW_ACTIONS, zoomIn, zoomOut, zoomReset } from './view'

// biome-ignore format: one list
export const ACTIONS: readonly Action[] = [
  addNamespaceAction, ...ADD_NODES, addLink, ...ADD_ROWS, remove, undo, redo, selectAll, deselect, ping, capture,
  toggleUp, rename, moveTo, setMaster, showHistory, exportDocument, importDocument, fit, zoomIn, zoomOut, zoomReset,
  chains, trace, ...VIEW_ACTIONS, ...CANVAS_ACTIONS, ...STAGING_ACTIONS, ...TERMINAL_ACTIONS,
  ...Object.values(RULE_ACTIONS), ...APP_ACTIONS,
]
