/** Images a second of a folder of frames, where nothing else is said. */
export const DEFAULT_FRAME_RATE = 25;
