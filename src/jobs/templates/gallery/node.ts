export { AdditiveIndex } from './additive-index/node.ts';
export { Clients, RIGHTS, type Right } from './clients/node.ts';
export { createGalleryApp, listenGallery, type RunningGallery } from './http/node.ts';
export { KeyHolder } from './key-holder/node.ts';
export { KeyRing, sha256 } from './key-ring/node.ts';
export { openPostgres } from './postgres/node.ts';
export { loadTables } from './product-table/node.ts';
export { openSqlite } from './sqlite/node.ts';
