import type { Face } from '../../ground/contracts/index.ts';
import type { Detection } from './detections.ts';
import type { Detector } from './face-detector.ts';
import type { FaceAnalyser } from './finding.ts';
import { type ScanEvent, type ScanOptions, scanFolder } from './scan-folder.ts';

export type LabelEvent = ScanEvent<{ readonly faces: readonly Face[] }>;
export type DetectEvent = ScanEvent<{ readonly faces: readonly Detection[] }>;

export interface LabelFolderOptions extends ScanOptions {
  readonly analyser: FaceAnalyser;
}

export interface DetectFolderOptions extends ScanOptions {
  readonly detector: Detector;
}

/**
 * Says of each image of a folder which faces are in it, with age, gender and expression; an image without a face has an
 * empty list.
 *
 * @throws BiolensError `input` for a folder that is missing, unreadable or without images; `interrupted`.
 */
export function labelFolder(directory: string, options: LabelFolderOptions): AsyncGenerator<LabelEvent> {
  const { analyser, ...rest } = options;
  return scanFolder(
    directory,
    async (image, signal) => {
      const [found = []] = await analyser.analyse([image], { signal });
      return { faces: found.map(({ landmarks: _landmarks, embedding: _embedding, ...face }): Face => face) };
    },
    { ...rest, concurrency: analyser.concurrency },
  );
}

/**
 * Says of each image of a folder where faces are.
 *
 * @throws BiolensError `input` for a folder that is missing, unreadable or without images; `interrupted`.
 */
export function detectFolder(directory: string, options: DetectFolderOptions): AsyncGenerator<DetectEvent> {
  const { detector, ...rest } = options;
  return scanFolder(
    directory,
    async (image, signal) => ({ faces: (await detector.detect([image], { signal }))[0] ?? [] }),
    { ...rest, concurrency: detector.concurrency },
  );
}
