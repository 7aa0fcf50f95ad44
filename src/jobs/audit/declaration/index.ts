export { auditConfigurationSchema } from '../configuration.ts';
export { openSetImage } from '../images.ts';
export { auditItemSchema } from '../items.ts';
export { copiesHeadline } from './copies-headline.ts';
export { falseDiscoveryRateField, permutationsField, rateSchema } from './fields.ts';
export { REPLICATION_DEFAULTS } from './replication-defaults.ts';
