export { COPY_FILE, type CopyEvent, type CopyOptions, copyFromHub, type HubCopy } from './copy.ts';
export { createHubClient, type HubClient, type HubClientOptions, type HubFile } from './hub-client.ts';
export { type HubReference, isHubReference, parseHubReference } from './reference.ts';
export { isSafePath } from './safe-path.ts';
