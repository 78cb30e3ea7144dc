import { isNode } from '@/protocol'
import { cachedInterfaceView, type InterfaceView, type LabStore } from '@/store'

/** How much of what there is in a lab. `notUp`: interfaces that let nothing pass, without `lo`, of which every new namespace has one that is down. */
export interface Tally {
  namespaces: number
  bridges: number
  interfaces: number
  links: number
  notUp: readonly InterfaceView[]
}

export function tallyOf(lab: LabStore): Tally {
  const { namespaces, interfaces, links } = lab.scene.get()
  const views = [...interfaces.keys()].flatMap((ref) => cachedInterfaceView(lab, ref) ?? [])
  return {
    namespaces: namespaces.size,
    bridges: views.filter((view) => isNode(view.kind)).length,
    interfaces: views.length,
    links: [...links.values()].filter((link) => link.kind === 'pair').length,
    notUp: views.filter((view) => view.state !== 'up' && view.name !== 'lo'),
  }
}
