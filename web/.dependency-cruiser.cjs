/** The layers of the web app (docs/architecture.md): ui, i18n ◀ protocol ◀ connection ◀ store ◀ kinds ◀ editor ◀ canvas, panels, the tools of the dock ◀ dock ◀ app. */
const tools = 'canvas|panels|commands|tour|terminal|chains|source|capture|journey'
const ground = 'ui|i18n'
const layers = [`(${ground})`, 'protocol', 'connection', 'store', 'kinds', 'editor', `(${tools})`, 'dock', 'app']
/** Of a list of rooms under `where`, the lowest first, none imports a higher one. Types count like everything else (tsPreCompilationDeps). */
const downward = (where, rooms) =>
  rooms.slice(0, -1).map((room, i) => ({
    name: `${where}/${room}-imports-downward-only`,
    severity: 'error',
    from: { path: `^${where}/${room}/` },
    to: { path: `^${where}/(${rooms.slice(i + 1).join('|')})/` },
  }))

/** The rooms of the editor and of the canvas, the lowest first (docs/adr/0016-rooms-of-the-web.md). Rooms in one line do not know each other. */
const editorRooms = ['texts', 'state', 'gestures', 'kernel', 'verbs', 'actions']
const beside = 'cards|drawing|dialogs|popovers|layout|journey'
const canvasRooms = ['texts', 'model', 'export', 'flow', 'input', `(${beside})`, 'traffic', 'chrome']

/** From elsewhere only the door of a folder is used. */
const door = (folder) => ({
  name: `${folder}-by-its-door`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${folder}/` },
  to: { path: `^src/${folder}/`, pathNot: `^src/${folder}/index\\.ts$` },
})

/** Every file stands in a room; at the root only `files`. */
const inRooms = (folder, rooms, files) => ({
  name: `${folder}-in-rooms`,
  severity: 'error',
  from: {},
  to: { path: `^src/${folder}/`, pathNot: `^src/${folder}/((${rooms.join('|')})/|(${files})$)` },
})

module.exports = {
  forbidden: [
    ...downward('src', layers),
    ...downward('src/editor', editorRooms),
    ...downward('src/canvas', canvasRooms),
    door('editor'),
    door('canvas'),
    inRooms('editor', editorRooms, 'index\\.ts'),
    inRooms('canvas', canvasRooms, 'index\\.ts|Canvas\\.tsx|Canvas\\.module\\.css'),
    {
      name: 'canvas-rooms-apart',
      comment: 'What two of them need lies in a lower room.',
      severity: 'error',
      from: { path: `^src/canvas/(${beside})/` },
      to: { path: `^src/canvas/(${beside})/`, pathNot: '^src/canvas/$1/' },
    },
    {
      name: 'tools-apart',
      comment: 'What both need lives in ui or editor.',
      severity: 'error',
      from: { path: `^src/(${tools})/` },
      to: { path: `^src/(${tools})/`, pathNot: '^src/$1/' },
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
      to: { circular: true },
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
