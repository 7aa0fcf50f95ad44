// The same as results.browser.test.ts with every rule of axe in every look.
process.env.BIOLENS_EVERY_RULE = '1';
await import('./results.browser.test.ts');
