// The same as recognition-pages.browser.test.ts with every rule of axe in every look.
process.env.BIOLENS_EVERY_RULE = '1';
await import('./recognition-pages.browser.test.ts');
