import { z } from 'zod';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import { parseJson } from '../vlm/parse-json.ts';
import { readPieces } from './read-pieces.ts';
import { isSafePath } from './safe-path.ts';

/** A file of a data set, as the hub lists it. */
export interface HubFile {
  /** In the repository, with forward slashes; it leads nowhere else. */
  readonly path: string;
  readonly bytes: number;
  /** What its content must come to: SHA-256 of large files, the id that git gives small ones. */
  readonly digest: { readonly kind: 'sha256' | 'git'; readonly hex: string };
}

export interface HubClientOptions {
  /** Sends requests; tests pass their own. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** `HF_TOKEN` and `HF_ENDPOINT` are looked up here; the process's environment by default. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** What is asked of a hub: which commit a revision is, what is in it, and the content of a file from a byte on. */
export interface HubClient {
  readonly origin: string;
  commitOf(repository: string, revision: string, signal: AbortSignal): Promise<string>;
  list(repository: string, commit: string, signal: AbortSignal): Promise<readonly HubFile[]>;
  /** An answer of 200 from the beginning, or of 206 from `start` on. */
  open(
    at: { readonly repository: string; readonly commit: string; readonly path: string; readonly start: number },
    signal: AbortSignal,
  ): Promise<Response>;
}

/** A failure that may pass. */
export class HubBusy extends BiolensError {
  readonly retryAfterMs: number | null;
  constructor(
    message: string,
    { retryAfterMs = null, cause }: { readonly retryAfterMs?: number | null; readonly cause?: unknown } = {},
  ) {
    super('external', message, { cause });
    this.name = 'HubBusy';
    this.retryAfterMs = retryAfterMs;
  }
}

const MOST_JSON_BYTES = 32 * 2 ** 20;
const MOST_FILES = 500_000;
const MOST_PAGES = 2000;
const MOST_REDIRECTS = 5;
/** Files of more than this were never part of a benchmark of images. */
const MOST_FILE_BYTES = 500e9;

const commitSchema = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) });
const entrySchema = z.object({
  type: z.string(),
  path: z.string().max(1000),
  size: z.number().int().nonnegative().max(MOST_FILE_BYTES).optional(),
  oid: z.string().optional(),
  lfs: z
    .object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().nonnegative().max(MOST_FILE_BYTES) })
    .nullish(),
});

const isLocal = ({ hostname }: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname);

/**
 * A client of the Hugging Face hub, or of a mirror of it that `HF_ENDPOINT` names. The token in `HF_TOKEN` goes to that address alone: the hub
 * hands large files over to other hosts, which are asked without it, and by https only.
 *
 * @throws {BiolensError} `usage` where `HF_ENDPOINT` is no address
 */
export function createHubClient({
  fetch = globalThis.fetch,
  environment = process.env,
}: HubClientOptions = {}): HubClient {
  const endpoint = environment.HF_ENDPOINT?.trim() || 'https://huggingface.co';
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    throw new BiolensError('usage', '"HF_ENDPOINT" expected an http or https address');
  const base = new URL(endpoint);
  const token = environment.HF_TOKEN?.trim() || undefined;
  if (token !== undefined && base.protocol !== 'https:' && !isLocal(base))
    throw new BiolensError('usage', '"HF_ENDPOINT" expected https, since HF_TOKEN is sent there');

  const urlOf = (path: string): URL => new URL(`${base.pathname.replace(/\/$/, '')}${path}`, base);

  async function send(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    let at = url;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const own = at.origin === base.origin && token !== undefined ? { authorization: `Bearer ${token}` } : {};
      let response: Response;
      try {
        response = await fetch(at, {
          headers: { 'user-agent': 'biolens', 'accept-encoding': 'identity', ...headers, ...own },
          signal,
          redirect: 'manual',
        });
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
        throw new HubBusy(`${at.origin}: ${messageOf(cause)}`, { cause: error });
      }
      const target = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || target === null) return response;
      await response.body?.cancel();
      if (!URL.canParse(target, at)) break;
      const next = new URL(target, at);
      if (next.protocol !== 'https:' && next.origin !== base.origin)
        throw new BiolensError(
          'external',
          `${at.origin} leads to an address without encryption, which is not followed`,
        );
      at = next;
    }
    throw new BiolensError('external', `${url.origin} leads from address to address without an end`);
  }

  function refuse(response: Response, what: string): never {
    const { status } = response;
    if (status === 401 || status === 403)
      throw new BiolensError(
        'input',
        `${what}: not open to everybody; accept its terms on ${base.host} and set HF_TOKEN${token === undefined ? '' : ', which is set and not let in'}`,
      );
    if (status === 404) throw new BiolensError('input', `${what}: ${base.host} has no such data set, revision or file`);
    const wait = Number(response.headers.get('retry-after') ?? Number.NaN);
    const retryAfterMs = wait >= 0 && wait <= 3600 ? wait * 1000 : null;
    if (status === 429 || status >= 500)
      throw new HubBusy(`${base.host} answers ${status} for ${what}`, { retryAfterMs });
    throw new BiolensError('external', `${base.host} answers ${status} for ${what}`);
  }

  async function json(
    url: URL,
    what: string,
    signal: AbortSignal,
  ): Promise<{ readonly value: unknown; readonly response: Response }> {
    const response = await send(url, { accept: 'application/json' }, signal);
    if (!response.ok) refuse(response, what);
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of readPieces(response, signal)) {
      bytes += piece.length;
      if (bytes > MOST_JSON_BYTES) throw new BiolensError('external', `${base.host} sends an endless list of ${what}`);
      pieces.push(piece);
    }
    try {
      return { value: parseJson(Buffer.concat(pieces).toString('utf8')), response };
    } catch (cause) {
      throw new BiolensError('external', `${base.host} sends no JSON for ${what}`, { cause });
    }
  }

  /** The page after this one, on the same host; null where there is none. */
  function nextOf({ headers }: Response): URL | null {
    const [, target] = /<([^<>]{1,4000})>;\s{0,4}rel="next"/.exec((headers.get('link') ?? '').slice(0, 8000)) ?? [];
    if (target === undefined || !URL.canParse(target, base)) return null;
    const url = new URL(target, base);
    return url.origin === base.origin ? url : null;
  }

  return {
    origin: base.origin,
    async commitOf(repository, revision, signal) {
      const url = urlOf(`/api/datasets/${repository}/revision/${encodeURIComponent(revision)}`);
      const parsed = commitSchema.safeParse((await json(url, `${repository}@${revision}`, signal)).value);
      if (parsed.success) return parsed.data.sha;
      throw new BiolensError('external', `${base.host} does not say which commit ${repository}@${revision} is`);
    },
    async list(repository, commit, signal) {
      const files: HubFile[] = [];
      let url: URL | null = urlOf(`/api/datasets/${repository}/tree/${commit}?recursive=true`);
      for (let page = 0; url !== null; page++) {
        const { value, response }: Awaited<ReturnType<typeof json>> = await json(url, repository, signal);
        const parsed = z.array(entrySchema).safeParse(value);
        if (!parsed.success)
          throw new BiolensError('external', `${base.host}: the list of files of ${repository} is not as published`);
        for (const entry of parsed.data) if (entry.type === 'file') files.push(fileOf(entry, repository));
        if (files.length > MOST_FILES || page >= MOST_PAGES)
          throw new BiolensError('input', `${repository}: more than ${MOST_FILES.toLocaleString('en-US')} files`);
        url = nextOf(response);
      }
      return files;
    },
    async open({ repository, commit, path, start }, signal) {
      const encoded = path.split('/').map(encodeURIComponent).join('/');
      const url = urlOf(`/datasets/${repository}/resolve/${commit}/${encoded}`);
      const response = await send(url, start === 0 ? {} : { range: `bytes=${start}-` }, signal);
      if (!response.ok) refuse(response, path);
      return response;
    },
  };
}

function fileOf({ path, size, oid, lfs }: z.infer<typeof entrySchema>, repository: string): HubFile {
  if (!isSafePath(path))
    throw new BiolensError(
      'input',
      `${repository}: a file is called "${path.slice(0, 80)}", which leads out of its folder`,
    );
  if (lfs != null) return { path, bytes: lfs.size, digest: { kind: 'sha256', hex: lfs.oid } };
  if (size === undefined || oid === undefined || !/^[0-9a-f]{40}$/.test(oid))
    throw new BiolensError('external', `${repository}: the hub does not say what ${path} is`);
  return { path, bytes: size, digest: { kind: 'git', hex: oid } };
}
