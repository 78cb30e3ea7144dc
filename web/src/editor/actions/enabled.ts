import type { Editor } from '../kernel/editor'

/** When actions are enabled: while a lab is open, and always. */
export const open = (editor: Editor): boolean => editor.lab.meta.get().info !== null
export const always = (): boolean => true
