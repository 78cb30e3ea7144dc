/** The text of a lab's document while somebody writes it; `base` is the lab's text from which it began. */
export interface Draft {
  base: string
  text: string
}
