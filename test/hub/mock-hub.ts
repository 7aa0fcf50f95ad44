import { createHash } from 'node:crypto';

export interface MockHubOptions {
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** Larger files are handed over to another host, as the hub does. */
  readonly largeFrom?: number;
  readonly token?: string;
  /** Looks at a request first; null leaves it to the hub. */
  readonly before?: (request: {
    readonly url: URL;
    readonly headers: Headers;
    readonly count: number;
  }) => Response | null;
  readonly pageSize?: number;
}

const COMMIT = 'a'.repeat(40);
export const MOCK_COMMIT = COMMIT;
const bytesOf = (content: string | Uint8Array): Buffer => Buffer.from(content);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const gitId = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/** The parts of the Hugging Face hub that a download needs, and a log of what was asked with which token. */
export function makeHub({
  files,
  largeFrom = Number.POSITIVE_INFINITY,
  token,
  before,
  pageSize = 1000,
}: MockHubOptions) {
  const log: { readonly url: URL; readonly authorization: string | null; readonly range: string | null }[] = [];
  const send = (content: Buffer, range: string | null): Response => {
    const [, from] = /^bytes=(\d+)-$/.exec(range ?? '') ?? [];
    if (from === undefined) return new Response(new Uint8Array(content));
    const start = Number(from);
    return new Response(new Uint8Array(content.subarray(start)), {
      status: 206,
      headers: { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` },
    });
  };
  const fetch: typeof globalThis.fetch = async (input, init) => {
    init?.signal?.throwIfAborted();
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    const authorization = headers.get('authorization');
    log.push({ url, authorization, range: headers.get('range') });
    const given = before?.({ url, headers, count: log.length });
    if (given != null) return given;
    const range = headers.get('range');
    if (url.origin === 'https://cdn.test')
      return send(bytesOf(files[decodeURIComponent(url.pathname.slice(1))] ?? ''), range);
    if (url.origin !== 'https://huggingface.co') throw new Error(`${url} was asked`);
    if (token !== undefined && authorization !== `Bearer ${token}`)
      return Response.json({ error: `gated, got ${authorization}` }, { status: 401 });
    if (url.pathname === '/api/datasets/owner/name/revision/main') return Response.json({ sha: COMMIT });
    if (url.pathname === `/api/datasets/owner/name/tree/${COMMIT}`) {
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const names = Object.keys(files);
      const list = names.slice(from, from + pageSize).map(path => {
        const bytes = bytesOf(files[path] ?? '');
        const large = bytes.length >= largeFrom;
        return {
          type: 'file',
          path,
          size: bytes.length,
          oid: large ? gitId(Buffer.from('pointer')) : gitId(bytes),
          ...(large ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } } : {}),
        };
      });
      const next = new URL(url);
      next.searchParams.set('cursor', String(from + pageSize));
      const link = from + pageSize < names.length ? { link: `<${next.href}>; rel="next"` } : undefined;
      return Response.json(
        [{ type: 'directory', path: 'data', oid: 'x' }, ...list],
        link === undefined ? {} : { headers: link },
      );
    }
    const prefix = `/datasets/owner/name/resolve/${COMMIT}/`;
    const path = url.pathname.startsWith(prefix) ? decodeURIComponent(url.pathname.slice(prefix.length)) : '';
    const content = files[path];
    if (content === undefined) return Response.json({ error: 'not found' }, { status: 404 });
    const bytes = bytesOf(content);
    if (bytes.length >= largeFrom)
      return new Response(null, { status: 302, headers: { location: `https://cdn.test/${encodeURIComponent(path)}` } });
    return send(bytes, range);
  };
  return { fetch, log };
}
