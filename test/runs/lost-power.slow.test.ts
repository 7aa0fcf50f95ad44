// The same as lost-power.test.ts with 1,000 images of the disk.
process.env.BIOLENS_POWER_IMAGES = '1000';
await import('./lost-power.test.ts');
