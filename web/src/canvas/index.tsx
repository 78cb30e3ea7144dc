export const Canvas = () => null
