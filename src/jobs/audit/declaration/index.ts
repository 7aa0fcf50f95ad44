export { copiesHeadline } from './copies-headline.ts';
export { falseDiscoveryRateField, permutationsField, rateSchema } from './fields.ts';
export { REPLICATION_DEFAULTS } from './replication-defaults.ts';
