import { config } from 'zod';

// Zod compiles its parsers with `new Function` where it may; the worker's policy forbids that, and asking is already reported as a
// violation. Imported first, because schemas read this when they are made.
config({ jitless: true });
