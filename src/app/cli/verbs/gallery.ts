import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { fileError } from '../../../ground/disk.ts';
import { BiolensError } from '../../../ground/errors.ts';
import type { Matching } from '../../../jobs/templates/gallery/index.ts';
import { withInterrupt } from '../../../kit/runs/index.ts';
import { printable } from '../../../kit/text/printable.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addExamples, numberIn, wholeNumber } from '../options.ts';
import { printJson } from '../work.ts';

interface ServeOptions {
  readonly store: string;
  readonly keys?: string;
  readonly clients?: string;
  readonly dimension: number;
  readonly threshold: number;
  readonly embedder: string;
  readonly mode: 'clear' | 'additive';
  readonly lockAfter: number;
  readonly subjectRejections: number;
  readonly clientRejections: number;
  readonly globalRejections: number;
  readonly host: string;
  readonly port: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly json?: boolean;
}

interface AddClientOptions {
  readonly clients: string;
  readonly may?: readonly string[];
  readonly json?: boolean;
}

const isPostgres = (store: string): boolean => /^postgres(?:ql)?:\/\//.test(store);
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

async function readTls({
  tlsCert,
  tlsKey,
  host,
}: ServeOptions): Promise<{ cert: Uint8Array; key: Uint8Array } | undefined> {
  const read = (path: string): Promise<Uint8Array> =>
    readFile(path).catch(error => {
      throw fileError(path, error);
    });
  if (tlsCert !== undefined && tlsKey !== undefined) return { cert: await read(tlsCert), key: await read(tlsKey) };
  if (tlsCert !== undefined || tlsKey !== undefined)
    throw new BiolensError('usage', '--tls-cert and --tls-key expected both or neither');
  if (!LOOPBACK.includes(host))
    throw new BiolensError(
      'usage',
      `--host ${host} is reached from other machines: give --tls-cert and --tls-key, for faces travel over it`,
    );
  return undefined;
}

/** Beside a database file by default; a database elsewhere has no such place. */
function pathOf(given: string | undefined, { store }: ServeOptions, name: string): string {
  if (given !== undefined) return given;
  if (isPostgres(store)) throw new BiolensError('usage', `--${name} expected a file, where the store is PostgreSQL`);
  return join(dirname(store), `gallery-${name}.json`);
}

/** How templates lie in memory: as the user said. */
async function openMatching({ mode, dimension, threshold }: ServeOptions, path: string): Promise<Matching> {
  const node = await import('../../../jobs/templates/gallery/node.ts');
  if (mode === 'clear')
    return { keys: await node.KeyRing.open(path, { create: true }), table: await node.loadTables() };
  const { leastProduct } = await import('../../../jobs/templates/gallery/index.ts');
  const keys = await node.KeyHolder.open({ path, dimension, least: leastProduct(threshold) });
  try {
    return { keys, index: await node.AdditiveIndex.open(keys, { dimension }) };
  } catch (error) {
    await keys.close();
    throw error;
  }
}

async function serve(options: ServeOptions, io: CliIo): Promise<void> {
  const [{ GalleryService, GalleryStore, limitsSchema }, node] = await Promise.all([
    import('../../../jobs/templates/gallery/index.ts'),
    import('../../../jobs/templates/gallery/node.ts'),
  ]);
  const { store, dimension, threshold, embedder, host, port } = options;
  const tls = await readTls(options);
  const clients = await node.Clients.open(pathOf(options.clients, options, 'clients'));
  // Somebody must be able to begin.
  const token = clients.names.length === 0 ? await clients.add('operator', node.RIGHTS) : null;
  const keysFile = pathOf(options.keys, options, 'keys');
  const limits = limitsSchema.parse({
    subject: { lockAfter: options.lockAfter, rejections: options.subjectRejections },
    client: { rejections: options.clientRejections },
    global: { rejections: options.globalRejections },
  });
  const driver = isPostgres(store) ? await node.openPostgres(store) : node.openSqlite(store);
  const opened = await GalleryStore.open(driver, { dimension, threshold, embedder }, node.sha256);
  await using service = await GalleryService.open({
    store: opened,
    limits,
    ...(await openMatching(options, keysFile)),
  });
  await withInterrupt(async signal => {
    const running = await node.listenGallery(node.createGalleryApp(service, clients), { host, port, tls });
    try {
      if (options.json)
        printJson(io, {
          schema: 'biolens/gallery@1',
          url: running.url,
          templates: service.size,
          token,
          keys: keysFile,
          mode: options.mode,
        });
      else {
        io.out(
          `Gallery: ${running.url}\n${service.size} templates in ${printable(driver.name)}; their keys in ${printable(keysFile)}\n`,
        );
        if (options.mode === 'additive')
          io.out(
            'Matched under the additive scheme, which is experimental and not reviewed; the keys are in a process of their own.\n',
          );
        if (token !== null) io.out(`Token of the client "operator", shown once: ${token}\n`);
        io.out('Ctrl-C ends it.\n');
      }
      if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
    } finally {
      await running.close();
    }
  });
}

async function addClient(name: string, { clients: path, may = [], json }: AddClientOptions, io: CliIo): Promise<void> {
  const { Clients, RIGHTS } = await import('../../../jobs/templates/gallery/node.ts');
  const rights = may.map(one => {
    const right = RIGHTS.find(known => known === one);
    if (right === undefined) throw new BiolensError('usage', `--may expected ${RIGHTS.join(', ')}, got "${one}"`);
    return right;
  });
  const clients = await Clients.open(path);
  const token = await clients.add(name, rights.length === 0 ? ['match'] : rights);
  if (json) return printJson(io, { schema: 'biolens/gallery-client@1', name, token });
  io.out(`Token of the client "${printable(name)}", shown once: ${token}\n`);
}

/** `biolens gallery …` */
export function registerGallery(program: Command, io: CliIo): void {
  const gallery = groupOf(program, 'gallery');
  addExamples(
    gallery
      .command('serve')
      .description('serve a gallery of face templates over HTTP: enroll, match, revoke, re-key')
      .requiredOption('--store <place>', 'an SQLite file, or postgres://… (takes pg)')
      .requiredOption('--dimension <n>', 'numbers in an embedding', wholeNumber(2, 1024))
      .requiredOption('--threshold <cosine>', 'from which on a match is accepted', numberIn(-1, 1))
      .requiredOption('--embedder <name>', 'what all embeddings come from; another one is another gallery')
      .addOption(
        new Option(
          '--mode <mode>',
          'how templates lie in memory: in the clear, or encrypted by the experimental additive scheme with the keys in a process of their own',
        )
          .choices(['clear', 'additive'])
          .default('clear'),
      )
      .option('--keys <file>', 'key file, made where there is none (default: gallery-keys.json beside an SQLite file)')
      .option('--clients <file>', 'who may ask what (default: gallery-clients.json beside an SQLite file)')
      .option('--lock-after <n>', 'rejected attempts in a row that lock a subject for a day', wholeNumber(1), 10)
      .option('--subject-rejections <n>', 'rejected attempts a day that a subject has', wholeNumber(1), 30)
      .option('--client-rejections <n>', 'rejected attempts a day that a client has', wholeNumber(1), 1000)
      .option('--global-rejections <n>', 'rejected attempts a day that all have together', wholeNumber(1), 100_000)
      .option('--host <address>', 'where it listens; another than the default takes a certificate', '127.0.0.1')
      .option('--port <n>', '0 takes a free one', wholeNumber(0, 65_535), 8443)
      .option('--tls-cert <file>', 'certificate in PEM')
      .option('--tls-key <file>', 'its key in PEM')
      .option('--json', 'print the address and the first token as JSON on standard output'),
    'biolens gallery serve --store gallery.db --dimension 128 --threshold 0.935 --embedder built-in',
  ).action((options: ServeOptions) => serve(options, io));
  addExamples(
    gallery
      .command('add-client <name>')
      .description('let a client use a gallery, from its next start on; prints its token once')
      .requiredOption('--clients <file>', 'the file that the gallery is served with')
      .option('--may <right...>', 'enroll, match, revoke, rekey, export, audit, metrics (default: match)')
      .option('--json', 'print the token as JSON on standard output'),
    'biolens gallery add-client door --clients gallery-clients.json --may match',
  ).action((name: string, options: AddClientOptions) => addClient(name, options, io));
}
