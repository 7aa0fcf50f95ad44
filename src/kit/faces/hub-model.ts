import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { BiolensError } from '../../ground/errors.ts';

const PREFIX = 'hf:';
const REPOSITORY = /^([A-Za-z0-9][A-Za-z0-9._-]{0,95})\/([A-Za-z0-9][A-Za-z0-9._-]{0,95})$/;
/** Where repositories keep their ONNX file, in the order that is looked. */
const MODEL_FILES = ['model.onnx', 'onnx/model.onnx'];
const REVISION = /^[0-9a-f]{40}$/;

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether a model is named as a repository of Hugging Face, `hf:OWNER/NAME`. */
export const isHubModel = (spec: string): boolean => spec.startsWith(PREFIX);

/** The snapshot of a repository that the Hugging Face cache points at. */
function snapshotOf(folder: string): string | null {
  const snapshots = join(folder, 'snapshots');
  if (!existsSync(snapshots)) return null;
  const ref = join(folder, 'refs', 'main');
  const revision = existsSync(ref) && statSync(ref).size < 100 ? readFileSync(ref, 'utf8').trim() : '';
  if (REVISION.test(revision) && existsSync(join(snapshots, revision))) return join(snapshots, revision);
  const found = readdirSync(snapshots).filter(name => REVISION.test(name));
  return found.length === 1 ? join(snapshots, found[0]!) : null;
}

/**
 * The ONNX file of a repository that lies on this machine: in `OWNER/NAME` of the folder `BIOLENS_MODELS`, else in the cache that
 * Hugging Face's own tools fill (`HF_HUB_CACHE`, `HF_HOME`). Nothing is ever downloaded. What follows `#` stays.
 *
 * @throws {BiolensError} `input` for a name that is none, or a repository that is not there or holds no ONNX file
 */
export function hubModelPath(spec: string, environment: Environment = process.env): string {
  const [name = '', part] = spec.slice(PREFIX.length).split('#', 2);
  const match = REPOSITORY.exec(name);
  if (match === null) throw new BiolensError('input', `"${spec}" expected hf:OWNER/NAME`);
  const [, owner, repository] = match as unknown as [string, string, string];
  const cache =
    environment.HF_HUB_CACHE ?? join(environment.HF_HOME ?? join(homedir(), '.cache', 'huggingface'), 'hub');
  const own = environment.BIOLENS_MODELS === undefined ? null : join(environment.BIOLENS_MODELS, owner, repository);
  const folders = [
    own !== null && existsSync(own) ? own : null,
    snapshotOf(join(cache, `models--${owner}--${repository}`)),
  ].filter(folder => folder !== null);
  for (const folder of folders)
    for (const file of MODEL_FILES)
      if (existsSync(join(folder, file))) return `${join(folder, file)}${part === undefined ? '' : `#${part}`}`;
  const text =
    folders.length === 0
      ? `not on this machine (looked in ${own ?? 'BIOLENS_MODELS, which is not set,'} and in ${cache}); fetch it with: hf download ${name}`
      : `no ${MODEL_FILES.join(' or ')} in ${folders.join(' or ')}`;
  throw new BiolensError('input', `${PREFIX}${name}: ${text}`);
}
