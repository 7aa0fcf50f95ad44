import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { BiolensError, messageOf, throwIfAborted } from '../../../ground/errors.ts';
import * as m from './fleet-messages.ts';
import { allObjects, type FlowerObject, makeObject, type ObjectParts, objectId, readObject } from './objects.ts';
import type { FetchObject } from './records.ts';

/** Sends bytes to a path of the SuperLink, signed as this node, and reads the answer. */
export interface FleetTransport {
  /** PEM of the public key that the SuperLink knows this node by. */
  readonly publicKey: Uint8Array;
  /**
   * @param mostBytes longest answer
   * @throws BiolensError `external` where no answer comes
   */
  post(
    path: string,
    body: Uint8Array,
    options: { readonly mostBytes: number; readonly signal?: AbortSignal | undefined },
  ): Promise<FleetAnswer>;
}

export interface FleetAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  /** By how much this machine's clock is ahead of the SuperLink's, in seconds; absent where it does not say its time. */
  readonly clockAheadS?: number;
}

/** The longest answer that holds an object: a piece of an array, and some more. */
const OBJECT_BYTES = 16 * 2 ** 20;
const ANSWER_BYTES = 16 * 2 ** 20;
const ATTEMPTS = 12;
const LONGEST_WAIT_MS = 10_000;
/** Answers that pass: the SuperLink starts, or is asked too much. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

export interface FleetOptions {
  readonly transport: FleetTransport;
  readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

const external = (why: string, cause?: unknown): BiolensError =>
  new BiolensError('external', `SuperLink: ${why}`, { cause });

/** A message for this node, without its content. */
export interface FleetMessage {
  readonly metadata: m.Metadata;
  /** Its root object. */
  readonly id: string;
}

/** The Fleet API of a SuperLink (Flower 1.42), as one node uses it. */
export class Fleet {
  readonly #options: FleetOptions;
  #node: m.Node | null = null;
  /** Bytes of bodies since the node joined. */
  bytesUp = 0;
  bytesDown = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get node(): m.Node {
    if (this.#node === null) throw new BiolensError('usage', 'the node has not joined');
    return this.#node;
  }

  async #call<I extends DescMessage, O extends DescMessage>(
    name: string,
    [input, output]: readonly [I, O],
    content: MessageInitShape<I>,
    {
      signal = this.#options.signal,
      attempts = ATTEMPTS,
    }: { signal?: AbortSignal | undefined; attempts?: number } = {},
  ): Promise<MessageShape<O>> {
    const body = toBinary(input, create(input, content));
    const { transport, sleep } = this.#options;
    for (let attempt = 1; ; attempt++) {
      throwIfAborted(signal);
      try {
        const mostBytes = name === 'pull-object' ? OBJECT_BYTES : ANSWER_BYTES;
        const answer = await transport.post(`/v1/fleet/${name}`, body, { mostBytes, signal });
        this.bytesUp += body.length;
        this.bytesDown += answer.body.length;
        if (answer.status === 200) return read(output, answer.body, name);
        if (!PASSING.has(answer.status) || attempt >= attempts) throw refusalOf(name, answer);
      } catch (error) {
        throwIfAborted(signal);
        const passing = error instanceof BiolensError && error.code === 'external' && error.details.passing === true;
        if (!passing || attempt >= attempts) throw error;
      }
      await sleep(Math.min(LONGEST_WAIT_MS, 250 * 2 ** (attempt - 1)), signal);
    }
  }

  /**
   * Joins.
   *
   * @param options.register whether the node makes itself known; where the SuperLink authenticates nodes its owner has registered the key
   * @throws BiolensError `external` where the key is not known, or the SuperLink is of another version
   */
  async join({ register, heartbeatS }: { readonly register: boolean; readonly heartbeatS: number }): Promise<bigint> {
    const { publicKey } = this.#options.transport;
    if (register)
      await this.#call('register-node', [m.RegisterNodeFleetRequestSchema, m.RegisterNodeFleetResponseSchema], {
        publicKey,
      });
    const { nodeId } = await this.#call('activate-node', [m.ActivateNodeRequestSchema, m.ActivateNodeResponseSchema], {
      publicKey,
      heartbeatInterval: heartbeatS,
    });
    this.#node = create(m.NodeSchema, { nodeId });
    return nodeId;
  }

  /** Says that the node is alive; false where the SuperLink does not know it, such as after a restart. */
  async heartbeat(heartbeatS: number): Promise<boolean> {
    const { success } = await this.#call(
      'send-node-heartbeat',
      [m.SendNodeHeartbeatRequestSchema, m.SendNodeHeartbeatResponseSchema],
      { node: this.node, heartbeatInterval: heartbeatS },
      { attempts: 1 },
    );
    return success;
  }

  /** The next message; null where there is none. */
  async pull(): Promise<FleetMessage | null> {
    const { messagesList, messageObjectTrees } = await this.#call(
      'pull-messages',
      [m.PullMessagesRequestSchema, m.PullMessagesResponseSchema],
      { node: this.node },
    );
    const [message] = messagesList;
    if (message === undefined) return null;
    const [tree] = messageObjectTrees;
    if (message.metadata === undefined || tree === undefined) throw external('a message has no metadata or no content');
    return { metadata: message.metadata, id: tree.objectId };
  }

  /** What fetches objects of a run. */
  fetcher(runId: bigint): FetchObject {
    return async (id): Promise<ObjectParts> => {
      const { sleep, signal } = this.#options;
      for (let attempt = 1; ; attempt++) {
        const { objectFound, objectAvailable, objectContent } = await this.#call(
          'pull-object',
          [m.PullObjectRequestSchema, m.PullObjectResponseSchema],
          { node: this.node, runId, objectId: id },
        );
        if (!objectFound) throw external(`object ${id.slice(0, 12)} is not there`);
        if (objectAvailable) return readObject(objectContent, { id });
        if (attempt >= ATTEMPTS) throw external(`object ${id.slice(0, 12)} does not come`);
        await sleep(Math.min(LONGEST_WAIT_MS, 250 * 2 ** (attempt - 1)), signal);
      }
    };
  }

  /** Says that a message has come whole. */
  async confirm({ metadata, id }: FleetMessage): Promise<void> {
    await this.#call(
      'confirm-message-received',
      [m.ConfirmMessageReceivedRequestSchema, m.ConfirmMessageReceivedResponseSchema],
      { node: this.node, runId: metadata.runId, messageObjectId: id },
    );
  }

  /** Sends a reply: first what it consists of, then the objects that the SuperLink does not have. */
  async reply(
    to: FleetMessage,
    content: { readonly records: FlowerObject } | { readonly error: string },
    { seconds, now }: { readonly seconds: number; readonly now: number },
  ): Promise<void> {
    const { metadata: asked } = to;
    const failed =
      'error' in content ? create(m.ErrorSchema, { code: CLIENT_APP_RAISED, reason: content.error }) : undefined;
    const metadata = create(m.MetadataSchema, {
      runId: asked.runId,
      srcNodeId: asked.dstNodeId,
      dstNodeId: asked.srcNodeId,
      replyToMessageId: asked.messageId,
      groupId: asked.groupId,
      messageType: asked.messageType,
      createdAt: now,
      ttl: Math.max(0, asked.ttl - (now - asked.createdAt)),
      ...(asked.dstTaskId === undefined ? {} : { srcTaskId: asked.dstTaskId }),
      ...(asked.srcTaskId === undefined ? {} : { dstTaskId: asked.srcTaskId }),
    });
    const bare = create(m.MessageSchema, { metadata, ...(failed === undefined ? {} : { error: failed }) });
    const root = makeObject('Message', 'records' in content ? [content.records] : [], toBinary(m.MessageSchema, bare));
    const message = create(m.MessageSchema, {
      metadata: { ...metadata, messageId: root.id },
      ...(failed === undefined ? { content: {} } : { error: failed }),
    });
    const { objectsToPush, sessionId } = await this.#call(
      'push-messages',
      [m.PushMessagesRequestSchema, m.PushMessagesResponseSchema],
      {
        node: this.node,
        messagesList: [message],
        messageObjectTrees: [treeOf(root)],
        clientappRuntimeList: [seconds],
      },
    );
    const wanted = new Set(objectsToPush);
    for (const object of allObjects(root)) {
      if (!wanted.has(object.id)) continue;
      const { stored } = await this.#call('push-object', [m.PushObjectRequestSchema, m.PushObjectResponseSchema], {
        node: this.node,
        runId: asked.runId,
        objectId: objectId(object.content),
        objectContent: object.content,
        sessionId,
      });
      if (!stored) throw external('it does not keep the reply: its session has expired');
    }
  }

  async leave({ registered }: { readonly registered: boolean }): Promise<void> {
    if (this.#node === null) return;
    const { nodeId } = this.#node;
    const once = { attempts: 1, signal: undefined };
    await this.#call(
      'deactivate-node',
      [m.DeactivateNodeRequestSchema, m.DeactivateNodeResponseSchema],
      { nodeId },
      once,
    );
    if (registered)
      await this.#call(
        'unregister-node',
        [m.UnregisterNodeFleetRequestSchema, m.UnregisterNodeFleetResponseSchema],
        { nodeId },
        once,
      );
    this.#node = null;
  }
}

/** Signatures of a time further off are refused (Flower 1.42: five minutes), less what an answer takes. */
const MOST_CLOCK_S = 4.5 * 60;

/** Flower's number for a client that failed. */
const CLIENT_APP_RAISED = 2n;

function treeOf({ id, children }: FlowerObject): m.ObjectTree {
  return create(m.ObjectTreeSchema, { objectId: id, children: children.map(treeOf) });
}

function read<O extends DescMessage>(schema: O, body: Uint8Array, name: string): MessageShape<O> {
  try {
    return fromBinary(schema, body);
  } catch (error) {
    throw external(`its answer to ${name} cannot be read: ${messageOf(error)}`, error);
  }
}

function refusalOf(name: string, { status, body, clockAheadS = 0 }: FleetAnswer): BiolensError {
  if ((status === 401 || status === 412) && Math.abs(clockAheadS) >= MOST_CLOCK_S)
    return external(
      `this machine’s clock is ${(Math.abs(clockAheadS) / 60).toFixed(0)} minutes ${clockAheadS > 0 ? 'ahead of' : 'behind'} its clock, and signatures are taken for five minutes`,
    );
  const said = new TextDecoder()
    .decode(body.subarray(0, 300))
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
  if (status === 401)
    return external(
      'it does not know this node’s key; its owner registers the public key with flwr supernode register',
    );
  if (status === 412 && name === 'activate-node')
    return new BiolensError(
      'external',
      'SuperLink: it does not take this node: its public key is not registered (flwr supernode register), or it still counts the node as online',
      { details: { notYet: true } },
    );
  if (status === 404 || status === 405)
    return external(
      'there is no Fleet API over HTTP at that address; versions before 1.42 speak gRPC, which is not spoken here',
    );
  return external(`answered ${name} with status ${status}${said === '' ? '' : `: ${said}`}`);
}
