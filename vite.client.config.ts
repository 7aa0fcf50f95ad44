import { defineConfig } from 'vite';

/** The engine is served from its package by whoever serves these files: it is large, and optional. */
const ENGINE = {
  external: ['onnxruntime-web/wasm', 'onnxruntime-web/webgpu'],
  paths: {
    'onnxruntime-web/wasm': './ort/ort.wasm.bundle.min.mjs',
    'onnxruntime-web/webgpu': './ort/ort.webgpu.bundle.min.mjs',
  },
};

/** Builds the worker of the studio's page for taking part in a federation into `dist/web/federate/`: `worker.js`, and `engine.js` that it starts. */
export default defineConfig({
  root: 'src/jobs/federated/tab',
  base: './',
  worker: {
    format: 'es',
    rollupOptions: {
      external: ENGINE.external,
      output: { entryFileNames: 'engine.js', paths: ENGINE.paths },
    },
  },
  build: {
    outDir: '../../../../dist/web/federate',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: false,
    reportCompressedSize: false,
    rollupOptions: {
      input: 'src/jobs/federated/tab/worker.ts',
      output: { entryFileNames: 'worker.js', codeSplitting: false },
    },
  },
});
