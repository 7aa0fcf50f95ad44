import type { SentMessage } from '../../../ground/contracts/federate-tab.ts';
import { BiolensError } from '../../../ground/errors.ts';
import type { Connect } from '../coordinator/connection.ts';
import { readMessage } from '../coordinator/messages.ts';
import type { Primitives } from '../secure/primitives.ts';
import { toHex } from '../wire/bytes.ts';

export interface TabConnection {
  /** Such as `wss://coordinator.example:8440`. */
  readonly server: string;
  /** Larger messages end the connection. */
  readonly mostBytes: number;
  readonly primitives: Pick<Primitives, 'sha256'>;
  /** Told of every message that has been handed to the connection, in their order. */
  readonly onSent: (message: SentMessage, content: Blob) => void;
  readonly onReceived: (bytes: Uint8Array) => void;
}

/** Writes down what is sent; messages of all connections count on. */
class SentList {
  readonly #primitives: Pick<Primitives, 'sha256'>;
  #count = 0;

  constructor(primitives: Pick<Primitives, 'sha256'>) {
    this.#primitives = primitives;
  }

  describe(bytes: Uint8Array): SentMessage {
    const { header, payload } = readMessage(bytes);
    if (header.kind !== 'hello' && header.kind !== 'answer' && header.kind !== 'decline')
      throw new BiolensError('usage', `a client does not send "${header.kind}"`);
    const step = 'step' in header ? header.step : null;
    const number = ++this.#count;
    return {
      number,
      at: new Date().toISOString(),
      kind: header.kind,
      round: 'round' in header ? header.round : null,
      step,
      bytes: bytes.length,
      sha256: toHex(this.#primitives.sha256(bytes)),
      header: new TextDecoder().decode(bytes.subarray(4, bytes.length - payload.length)),
      file: `${String(number).padStart(5, '0')}-${step ?? header.kind}.bin`,
    };
  }
}

/** Connects from a browser, and tells of all that is sent. */
export function connectTab({ server, mostBytes, primitives, onSent, onReceived }: TabConnection): Connect {
  const list = new SentList(primitives);
  return ({ onMessage, onClose, onError }) => {
    const socket = new WebSocket(server);
    socket.binaryType = 'arraybuffer';
    const fail = (why: string) => onError(new BiolensError('external', `${server}: ${why}`));
    socket.addEventListener('error', () => fail('no connection'));
    socket.addEventListener('close', onClose);
    socket.addEventListener('message', ({ data }) => {
      const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array();
      if (bytes.length > mostBytes) {
        socket.close();
        return fail(`a message of ${bytes.length} bytes, expected at most ${mostBytes}`);
      }
      onReceived(bytes);
      onMessage(bytes);
    });
    return {
      send: bytes => {
        if (socket.readyState !== WebSocket.OPEN) return;
        const content = new Uint8Array(bytes);
        socket.send(content);
        onSent(list.describe(content), new Blob([content]));
      },
      close: () => socket.close(),
    };
  };
}
