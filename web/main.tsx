import './no-eval.ts';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { createFrozenClient } from './client/frozen-client.ts';
import { createStudioClient } from './client/studio-client.ts';
import { decoded } from './new-run/address.ts';

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no place to draw itself');

const frozen = document.getElementById('biolens-report')?.textContent ?? null;
const client = frozen === null ? createStudioClient() : createFrozenClient(frozen);
const [, encodedId] = /^\/runs\/([^/]+)$/.exec(location.pathname) ?? [];
const runId = frozen === null ? (encodedId === undefined ? null : decoded(encodedId)) : 'frozen';

createRoot(root).render(
  <StrictMode>
    <App client={client} runId={runId} />
  </StrictMode>,
);
