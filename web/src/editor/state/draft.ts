/** The edited text of a lab's document; `base` is the text of the lab when editing began. */
export interface Draft {
  base: string
  text: string
}
