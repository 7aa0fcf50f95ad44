export { embeddingFields, labelFields } from './fields.ts';
