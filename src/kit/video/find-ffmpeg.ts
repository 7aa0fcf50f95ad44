import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BiolensError, messageOf } from '../../ground/errors.ts';

/** An `ffmpeg` that can be run. */
export interface Ffmpeg {
  readonly path: string;
  /** As it calls itself, such as `7.0.2`. */
  readonly version: string;
  /** The option that passes frames on as they come, which has had two names. */
  readonly passthrough: readonly string[];
}

/** Environment variable that names the program. */
export const FFMPEG_VARIABLE = 'BIOLENS_FFMPEG';
const PATIENCE_MS = 20_000;

/**
 * Finds the program that decodes videos: the path given, else the one that `BIOLENS_FFMPEG` names, else `ffmpeg` on the path.
 *
 * @throws {BiolensError} `usage` when there is none, with what to do
 */
export async function findFfmpeg({
  path,
  environment = process.env,
}: {
  readonly path?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
} = {}): Promise<Ffmpeg> {
  const named = path ?? (environment[FFMPEG_VARIABLE] || undefined);
  const program = named ?? 'ffmpeg';
  let said: string;
  try {
    ({ stdout: said } = await promisify(execFile)(program, ['-hide_banner', '-version'], {
      timeout: PATIENCE_MS,
      windowsHide: true,
    }));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES');
    const why = missing ? 'there is no program that can be run' : messageOf(error);
    throw new BiolensError(
      'usage',
      named === undefined
        ? `ffmpeg: ${why}, and it is needed to read videos; install it ("apt install ffmpeg", "brew install ffmpeg"), or name it with --ffmpeg or ${FFMPEG_VARIABLE}`
        : `${path === undefined ? FFMPEG_VARIABLE : '--ffmpeg'}: ${named}: ${why}`,
      { cause: error },
    );
  }
  const found = /^ffmpeg version (\S{1,60})/.exec(said);
  if (found === null) throw new BiolensError('usage', `${program}: it does not say that it is ffmpeg`);
  const version = found[1]!.replace(/^n(?=\d)/, '');
  const [, major, minor] = /^(\d{1,3})\.(\d{1,3})/.exec(version) ?? [];
  // Builds without a number are newer than the change of names in 5.1.
  const old = major !== undefined && Number(major) + Number(minor) / 1000 < 5.001;
  return { path: program, version, passthrough: old ? ['-vsync', '0'] : ['-fps_mode', 'passthrough'] };
}
