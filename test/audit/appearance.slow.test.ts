// The same as appearance.test.ts with images of 192 pixels.
process.env.BIOLENS_LARGE_COPIES = '1';
await import('./appearance.test.ts');
