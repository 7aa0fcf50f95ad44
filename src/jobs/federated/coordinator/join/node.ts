import { WebSocket } from 'ws';
import { BiolensError, messageOf } from '../../../../ground/errors.ts';
import { type Connect, type JoinOptions as ConnectedOptions, stayJoined } from '../connection.ts';

export interface JoinOptions extends Omit<ConnectedOptions, 'connect'> {
  /** Such as `wss://coordinator.example:8440`. */
  readonly server: string;
  /** Largest message that is taken. */
  readonly mostBytes: number;
  /** Certificate authority in PEM, for a coordinator with a certificate of its own. */
  readonly ca?: string | undefined;
}

function connectTo({ server, mostBytes, ca }: Pick<JoinOptions, 'server' | 'mostBytes' | 'ca'>): Connect {
  return ({ onMessage, onClose, onError }) => {
    const socket = new WebSocket(server, {
      maxPayload: mostBytes,
      handshakeTimeout: 10_000,
      ...(ca === undefined ? {} : { ca }),
    });
    socket.on('error', error =>
      onError(new BiolensError('external', `${server}: ${messageOf(error)}`, { cause: error })),
    );
    socket.on('close', onClose);
    socket.on('message', data => onMessage(Buffer.isBuffer(data) ? new Uint8Array(data) : new Uint8Array()));
    return {
      send: bytes => {
        if (socket.readyState === WebSocket.OPEN) socket.send(bytes);
      },
      close: () => socket.terminate(),
    };
  };
}

/** Takes part in a federation from Node; see {@link stayJoined}. */
export function joinFederation({ server, mostBytes, ca, ...options }: JoinOptions): Promise<string> {
  return stayJoined({ ...options, connect: connectTo({ server, mostBytes, ca }) });
}
