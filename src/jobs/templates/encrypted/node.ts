export { type MatchClientOptions, openMatchClient } from './client/node.ts';
export { type LabelledSet, type ReadSetOptions, readLabelledSet } from './labelled-set/node.ts';
export { type MatchedSets, type MatchSetsOptions, matchSets } from './match-sets/node.ts';
export { type MatchServerOptions, openMatchServer } from './server/node.ts';
