// The same as report.browser.test.ts with 100,000 pairs.
process.env.BIOLENS_PAIRS = '100000';
await import('./report.browser.test.ts');
