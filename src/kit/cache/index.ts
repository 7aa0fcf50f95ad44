export {
  CACHE_FOLDER,
  type CacheEntry,
  type KeptReading,
  listCache,
  openReadingCache,
  pruneCache,
  type ReaderIdentity,
  type ReadingCache,
} from './readings.ts';
