/** The answerers that need no endpoint. */
export const LOCAL_ANSWERERS = ['specialist', 'random', 'frequent'] as const;
export type LocalAnswerer = (typeof LOCAL_ANSWERERS)[number];

/** Whether a model needs no endpoint. */
export const isLocalAnswerer = (model: string): model is LocalAnswerer => LOCAL_ANSWERERS.some(name => name === model);
