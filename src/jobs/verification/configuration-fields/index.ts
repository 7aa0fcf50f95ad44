export { embeddingFields, labelFields, peopleFields } from './fields.ts';
