/** Actions on the document as text, and on edits that wait. */

import type { Editor } from '../kernel/editor'
import { useStagingTexts } from '../texts/staging'
import { openDock } from '../verbs/dock'
import type { Action } from './action'
import { open } from './enabled'

const waiting = (editor: Editor): boolean => editor.staging.state.get().edits.length > 0
const t = useStagingTexts.now

export const showSource: Action = {
  id: 'source',
  group: 'tools',
  needs: 'view',
  label: () => t().source,
  help: () => t().sourceHelp,
  shortcuts: ['E'],
  enabled: open,
  run: (editor) => openDock(editor, { kind: 'source' }),
}

export const showPlan: Action = {
  id: 'plan',
  group: 'tools',
  needs: 'view',
  label: () => t().plan,
  help: () => t().planHelp,
  enabled: open,
  run: (editor) => openDock(editor, { kind: 'plan' }),
}

export const showCompare: Action = {
  id: 'compare',
  group: 'tools',
  needs: 'view',
  label: () => t().compare,
  help: () => t().compareHelp,
  enabled: open,
  run: (editor) => openDock(editor, { kind: 'compare' }),
}

/** Switching on shows where the edits are collected. */
export const stageChanges: Action = {
  id: 'stage-changes',
  group: 'edit',
  label: () => t().on,
  help: () => t().onHelp,
  shortcuts: ['S'],
  enabled: open,
  run: (editor) => {
    const on = !editor.staging.state.get().on
    editor.staging.switch(on)
    if (on) openDock(editor, { kind: 'plan' })
  },
}

export const applyStaged: Action = {
  id: 'apply-staged',
  group: 'edit',
  label: () => t().apply,
  shortcuts: ['Mod+Enter'],
  enabled: waiting,
  run: (editor) => editor.staging.apply(),
}

export const discardStaged: Action = {
  id: 'discard-staged',
  group: 'edit',
  label: () => t().discard,
  enabled: waiting,
  run: (editor) => editor.staging.discard(),
}

// biome-ignore format: one list
export const STAGING_ACTIONS: readonly Action[] = [showSource, showPlan, showCompare, stageChanges, applyStaged, discardStaged]
