export { type CopyOptions, copyFromHub, type HubCopy } from './copy.ts';
export type { HubClientOptions } from './hub-client.ts';
export { isHubReference, parseHubReference } from './reference.ts';
export { isSafePath } from './safe-path.ts';
