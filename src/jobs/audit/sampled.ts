/** Where generated images lie that the run itself had made, within its folder: what the report names as their source. */
export const SAMPLED = 'artifacts/generated';
