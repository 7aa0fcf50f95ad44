import { join } from 'node:path';
import { GalleryService, GalleryStore, limitsSchema } from '../src/jobs/templates/gallery/index.ts';
import {
  Clients,
  createGalleryApp,
  KeyRing,
  listenGallery,
  loadTables,
  openSqlite,
  sha256,
} from '../src/jobs/templates/gallery/node.ts';

// A process of its own, as users have it: FOLDER DIMENSION. Opens the gallery there, prints its address, serves until it is killed.

const [folder = '', dimension = ''] = process.argv.slice(2);
const config = { dimension: Number(dimension), threshold: 0.6, embedder: 'bench' };
const store = await GalleryStore.open(openSqlite(join(folder, 'gallery.db')), config, sha256);
const service = await GalleryService.open({
  store,
  keys: await KeyRing.open(join(folder, 'keys.json'), { create: true }),
  limits: limitsSchema.parse({}),
  table: await loadTables(),
});
const app = createGalleryApp(service, await Clients.open(join(folder, 'clients.json')));
const { url } = await listenGallery(app, { host: '127.0.0.1', port: 0 });
process.stdout.write(`${url}\n`);
