export { FFMPEG_VARIABLE, type Ffmpeg, findFfmpeg } from './find-ffmpeg.ts';
export type { Frame, FrameOptions } from './frame.ts';
export { type Clip, type ListedClips, listClips } from './list-clips.ts';
export { readPixmaps } from './pixmap-stream.ts';
export { DEFAULT_FRAME_RATE } from './rates.ts';
export { type ReadFramesOptions, readFrames } from './read-frames.ts';
