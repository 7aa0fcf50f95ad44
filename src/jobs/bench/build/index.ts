export { ADAPTERS } from './adapters/index.ts';
export type { BuildFormat } from './benchmark-folder.ts';
export { type BuildEvent, type BuildOptions, buildBenchmark } from './build.ts';
export type { Adapter, HeadPose, LabelledImage, RegionMap } from './labelled-image.ts';
export { FACE_TOOLS, type ToolBook } from './tool-book.ts';
