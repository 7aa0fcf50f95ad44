import { ServerEngine } from '../../seal/server-engine.ts';
import type { ServerCall } from '../calls.ts';
import { serveThread } from '../serve/node.ts';

// The server's thread: nothing that decrypts is loaded here.

serveThread<ServerCall>((scope, { plan }) => {
  const engine = new ServerEngine(scope, plan);
  return call => {
    switch (call.op) {
      case 'keys':
        return engine.loadKeys(call.parts);
      case 'block':
        return engine.loadBlock(call.id, call.parts);
      case 'clear':
        return engine.loadClear(call.id, call.rows);
      case 'drop':
        return engine.dropBlock(call.id);
      case 'match':
        return engine.match(call.ids, call.probe);
      case 'memory':
        return 0;
      default:
        return call satisfies never;
    }
  };
});
