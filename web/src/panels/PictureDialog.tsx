import { useEffect, useState } from 'react'
import { type Picture, type PictureOptions, useEditor } from '@/editor'
import { Button, Dialog, Select } from '@/ui'
import { Refused, said, styles } from './parts'
import { usePanelTexts } from './texts'

const SHARP = 2

/** The canvas for slides: a vector drawing, or pixels at twice the size. */
export function PictureDialog() {
  const t = usePanelTexts()
  const editor = useEditor()
  const [what, setWhat] = useState<PictureOptions['what']>('whole')
  const [theme, setTheme] = useState<PictureOptions['theme']>('shown')
  const [picture, setPicture] = useState<Picture>()
  const [error, setError] = useState<string>()
  useEffect(() => {
    let here = true
    setError(undefined)
    Promise.resolve(editor.viewport.get()?.picture({ what, theme }))
      .then((taken) => here && setPicture(taken))
      .catch((reason) => here && setError(said(reason)))
    return () => {
      here = false
    }
  }, [editor, what, theme])
  const name = editor.session.current.get() ?? 'lab'
  const png = async (): Promise<void> => {
    if (picture) download(`${name}.png`, await pixels(picture))
  }
  return (
    <Dialog
      title={t.pictureTitle}
      wide
      onClose={() => editor.dialog.set(null)}
      footer={
        <>
          <Button disabled={!picture} onClick={() => void png().catch((reason) => setError(said(reason)))}>
            PNG
          </Button>
          <Button
            variant="primary"
            disabled={!picture}
            onClick={() => picture && download(`${name}.svg`, new Blob([picture.svg], { type: 'image/svg+xml' }))}
          >
            SVG
          </Button>
        </>
      }
    >
      <div className={styles.fields}>
        <Select aria-label={t.what} value={what} onChange={(e) => setWhat(e.target.value as PictureOptions['what'])}>
          <option value="whole">{t.wholeLab}</option>
          <option value="seen">{t.whatIsSeen}</option>
        </Select>
        <Select
          aria-label={t.pictureTheme}
          value={theme}
          onChange={(e) => setTheme(e.target.value as PictureOptions['theme'])}
        >
          <option value="shown">{t.asShown}</option>
          <option value="light">{t.light}</option>
          <option value="dark">{t.dark}</option>
        </Select>
      </div>
      {picture && <img className={styles.picture} src={address(picture)} alt={t.pictureOf(name)} />}
      <Refused text={error} />
    </Dialog>
  )
}

const address = ({ svg }: Picture): string => `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`

function download(name: string, content: Blob): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}

async function pixels(picture: Picture): Promise<Blob> {
  const image = new Image()
  image.src = address(picture)
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = picture.width * SHARP
  canvas.height = picture.height * SHARP
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error(`${canvas.width} × ${canvas.height}`))),
      'image/png',
    ),
  )
}
