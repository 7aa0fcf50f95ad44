/** Similarity that half of all altered copies of portraits stay below: an audit whose lone copies are called from there on misses too many. */
export const BLIND_SIMILARITY = 0.96;
