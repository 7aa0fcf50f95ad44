import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import { messageOf } from '../../../../ground/errors.ts';
import { nodePrimitives as primitives } from '../../secure/node.ts';
import { nameIn, type Roster } from '../../secure/record.ts';
import { fromHex, toHex } from '../../wire/bytes.ts';
import { COORDINATION, helloText, readMessage, writeMessage } from '../messages.ts';

/** Time to prove who one is. */
const HELLO_MS = 10_000;

export interface DoorOptions {
  readonly roster: Roster;
  readonly session: string;
  readonly log: (line: string) => void;
  /** A client has proved who it is. */
  readonly onClient: (client: number) => void;
  /** What it sends from then on. */
  readonly onMessage: (client: number, bytes: Uint8Array) => void;
  readonly onGone: (client: number) => void;
}

/**
 * Lets a connection in once it has proved, on a challenge of its own, that it has the key of a client in the roster; another one is told why not,
 * and closed.
 */
export function openDoor(socket: WebSocket, options: DoorOptions): void {
  const { roster, session, log, onClient, onMessage, onGone } = options;
  const challenge = { kind: 'challenge' as const, protocol: COORDINATION, session, nonce: toHex(randomBytes(32)) };
  let client: number | null = null;
  const refuse = (reason: string) => {
    log(reason);
    socket.send(writeMessage({ kind: 'end', reason }), () => socket.close());
  };
  /** @returns who has said hello, or why it is not believed */
  const check = (bytes: Uint8Array): number | string => {
    const { header } = readMessage(bytes);
    if (header.kind !== 'hello') return `a "${header.kind}" before a hello`;
    if (header.protocol !== COORDINATION) return `a client speaks version ${header.protocol}, this is ${COORDINATION}`;
    const member = roster.members[header.client];
    if (member === undefined) return `client ${header.client} is not in the roster`;
    if (member.revoked === true) return `${nameIn(roster, header.client)}: its key was revoked`;
    return primitives.verify(member.key, helloText(challenge, header.client), fromHex(header.signature))
      ? header.client
      : `${nameIn(roster, header.client)}: its key is not the one in the roster`;
  };
  const timer = setTimeout(() => refuse('a connection has not said who it is'), HELLO_MS);
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    clearTimeout(timer);
    if (client !== null) onGone(client);
  });
  socket.on('message', (data, isBinary) => {
    const bytes = Buffer.isBuffer(data) && isBinary ? new Uint8Array(data) : null;
    if (bytes === null) return refuse('a message that is not binary');
    if (client !== null) return onMessage(client, bytes);
    try {
      const found = check(bytes);
      if (typeof found === 'string') return refuse(found);
      client = found;
    } catch (error) {
      return refuse(messageOf(error));
    }
    clearTimeout(timer);
    onClient(client);
  });
  socket.send(writeMessage(challenge));
}
