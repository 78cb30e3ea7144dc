/** The layers of the web app (docs/architecture.md): protocol ◀ connection ◀ store ◀ editor ◀ canvas, panels, the tools of the dock ◀ dock ◀ app. */
const tools = 'canvas|panels|commands|tour|terminal|chains|source|capture|journey'
const layers = ['protocol', 'connection', 'store', 'editor', `(${tools})`, 'dock', 'app']
const forbidden = layers.slice(0, -1).map((layer, i) => ({
  name: `${layer}-imports-downward-only`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: `^src/(${layers.slice(i + 1).join('|')})/` },
}))

module.exports = {
  forbidden: [
    ...forbidden,
    {
      name: 'tools-apart',
      comment: 'What both need lives in ui or editor.',
      severity: 'error',
      from: { path: `^src/(${tools})/` },
      to: { path: `^src/(${tools})/`, pathNot: '^src/$1/' },
    },
    {
      name: 'ground',
      comment: 'i18n and ui know nothing of labs.',
      severity: 'error',
      from: { path: '^src/(i18n|ui)/' },
      to: { path: `^src/(connection|store|editor|${tools}|dock|app)/` },
    },
    {
      name: 'react-flow-in-one-place',
      comment: 'The canvas library is imported by the port only, so that it can be replaced.',
      severity: 'error',
      from: { pathNot: '^src/canvas/flow/' },
      to: { path: 'node_modules/@xyflow' },
    },
    {
      name: 'socket-io-in-one-place',
      severity: 'error',
      from: { pathNot: '^src/connection/socket\\.ts$' },
      to: { path: 'node_modules/socket\\.io-client' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'default'],
    },
  },
}
