import { BiolensError } from '../../ground/errors.ts';
import { animationFrames } from './animation-frames.ts';
import { ffmpegFrames } from './ffmpeg-frames.ts';
import type { Ffmpeg } from './find-ffmpeg.ts';
import { folderFrames } from './folder-frames.ts';
import type { Frame, FrameOptions } from './frame.ts';
import type { Clip } from './list-clips.ts';
import { DEFAULT_FRAME_RATE } from './rates.ts';

export interface ReadFramesOptions extends FrameOptions {
  /** Decodes videos; null where there are none. */
  readonly ffmpeg: Ffmpeg | null;
  /** Images a second of a folder of frames. Default 25. */
  readonly frameRate?: number | undefined;
}

/**
 * Frames of a clip at most at a rate, upright, made smaller, each with its time in seconds. One frame is held at a time.
 *
 * @throws {BiolensError} `input` with one line that names the clip; `usage` without an ffmpeg for a video; `interrupted`
 * @example
 * const ffmpeg = await findFfmpeg();
 * for await (const { seconds, image } of readFrames(clip, { ffmpeg, rate: 1 })) console.log(seconds, image.width);
 */
export function readFrames(clip: Clip, options: ReadFramesOptions): AsyncGenerator<Frame> {
  const { name: file, path, kind, files } = clip;
  const { ffmpeg, frameRate = DEFAULT_FRAME_RATE, ...common } = options;
  if (kind === 'animation') return animationFrames(path, { ...common, file });
  if (kind === 'frames') return folderFrames(path, files, { ...common, file, frameRate });
  if (ffmpeg === null) throw new BiolensError('usage', `${file}: an ffmpeg is needed to read it`);
  return ffmpegFrames(path, { ...common, file, ffmpeg });
}
