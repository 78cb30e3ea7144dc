/** The slots of the app frame that panels fill. */

/** In the top bar, left: which lab is open, and the way to the others. */
export const LabSwitcher = () => null
/** In the top bar, right: ping, history, import and export. */
export const TopBarTools = () => null
/** At the right: the inspector or the history, by `editor.side`. */
export const SidePanel = () => null
/** The dialogs of `editor.dialog` that are not the canvas's. */
export const PanelDialogs = () => null
/** Instead of the canvas while no lab is open. */
export const StartScreen = () => null
