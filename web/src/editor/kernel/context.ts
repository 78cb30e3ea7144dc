import { createContext, useContext } from 'react'
import type { LabStore } from '@/store'
import type { Editor } from './editor'

const Context = createContext<Editor | null>(null)

export const EditorProvider = Context.Provider

export function useEditor(): Editor {
  const editor = useContext(Context)
  if (!editor) throw new Error('useEditor outside of EditorProvider')
  return editor
}

export const useLab = (): LabStore => useEditor().lab
