export { mitigationConfigurationSchema } from '../configuration.ts';
