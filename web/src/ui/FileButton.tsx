import { Upload } from 'lucide-react'
import { useRef, useState } from 'react'
import { Button } from './Button'
import styles from './FileButton.module.css'
import { useUiTexts } from './texts'

/** A button that opens the file chooser; the chosen name is shown beside it, unless there is a `label`. `name`: of the input element. */
export function FileButton({
  name,
  label,
  accept,
  multiple,
  onFiles,
}: {
  name: string
  label?: string
  accept?: string
  multiple?: boolean
  onFiles: (files: readonly File[]) => void
}) {
  const t = useUiTexts()
  const field = useRef<HTMLInputElement>(null)
  const [taken, setTaken] = useState('')
  return (
    <span className={styles.line}>
      <Button onClick={() => field.current?.click()}>
        <Upload size={14} aria-hidden="true" /> {label ?? t.chooseFile}
      </Button>
      <input
        ref={field}
        type="file"
        hidden
        aria-label={name}
        accept={accept}
        multiple={multiple}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])]
          setTaken(files.map((file) => file.name).join(', '))
          event.target.value = '' // the same file can be taken again
          if (files.length > 0) onFiles(files)
        }}
      />
      {label === undefined && taken !== '' && <span className={styles.name}>{taken}</span>}
    </span>
  )
}
