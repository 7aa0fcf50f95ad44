export { ParquetFile, type RowGroup } from './file.ts';
