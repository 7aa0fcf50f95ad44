// The same as hostile.test.ts with 10,000 messages in each mode.
process.env.BIOLENS_HOSTILE_CASES = '10000';
await import('./hostile.test.ts');
