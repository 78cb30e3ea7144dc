export { TerminalTab as default } from './TerminalTab'
