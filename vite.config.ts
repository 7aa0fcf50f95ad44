import { createHash } from 'node:crypto';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { viteSingleFile } from 'vite-plugin-singlefile';

const hashesOf = (html: string, tag: 'script' | 'style'): string =>
  [...html.matchAll(new RegExp(`<${tag}(?:\\s[^>]*)?>([\\s\\S]*?)</${tag}>`, 'g'))]
    .map(([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
    .join(' ');

/** Writes the hashes of the inlined code into the page's policy, so that no other code can run in it. */
function sealPage(): Plugin {
  return {
    name: 'biolens:seal-page',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const file of Object.values(bundle)) {
          if (file.type !== 'asset' || !file.fileName.endsWith('.html')) continue;
          const html = String(file.source);
          file.source = html
            .replace("'sha256-of-script'", hashesOf(html, 'script'))
            .replace("'sha256-of-style'", hashesOf(html, 'style'));
        }
      },
    },
  };
}

// The page is a product wherever it is built: the tests' own environment must not turn React's development checks on.
process.env.NODE_ENV = 'production';

/** Builds `web/` into `dist/web/index.html`: one page with everything inside, the template of every report. */
export default defineConfig({
  root: 'web',
  plugins: [react(), viteSingleFile(), sealPage()],
  build: { outDir: '../dist/web', emptyOutDir: true, target: 'es2022', modulePreload: false },
});
