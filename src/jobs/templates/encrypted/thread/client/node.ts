import { ClientEngine } from '../../seal/client-engine.ts';
import type { ClientCall } from '../calls.ts';
import { serveThread } from '../serve/node.ts';

// The client's thread: it makes and holds the secret key.

serveThread<ClientCall>((scope, { plan, secret }) => {
  const engine = new ClientEngine(scope, plan, secret);
  return call => {
    switch (call.op) {
      case 'secret':
        return engine.exportSecret();
      case 'evaluationKeys':
        return engine.evaluationKeys();
      case 'encryptBlock':
        return engine.encryptBlock(call.rows);
      case 'encryptProbe':
        return engine.encryptProbe(call.values);
      case 'decrypt':
        return call.parts.map((part, i) => engine.decrypt(part, call.counts[i] ?? 0));
      case 'memory':
        return 0;
      default:
        return call satisfies never;
    }
  };
});
