/** Where the settings were measured: with it the model takes over so many copies that they are called one by one; with 1, the relabelling test alone sees them. */
export const DEMO_SEED = 0;
