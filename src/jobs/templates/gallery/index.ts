export { type AuditEntry, auditHash, checkAudit } from './audit.ts';
export { GalleryClient, type GalleryClientOptions } from './client.ts';
export { LimitedError } from './errors.ts';
export {
  type Exported,
  type GalleryConfig,
  galleryConfigSchema,
  type Limits,
  limitsSchema,
} from './schemas.ts';
export {
  GalleryService,
  leastProduct,
  type Matching,
  type Opener,
  type Sealer,
  type ServiceOptions,
} from './service.ts';
export type { Driver, Sql } from './sql.ts';
export { GalleryStore } from './store.ts';
