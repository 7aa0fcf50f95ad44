import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { FleetTransport } from '../../../src/jobs/federated/flower/fleet.ts';
import * as m from '../../../src/jobs/federated/flower/fleet-messages.ts';
import { allObjects, type FlowerObject, makeObject } from '../../../src/jobs/federated/flower/objects.ts';
import { type FlowerRecords, recordsObject } from '../../../src/jobs/federated/flower/records.ts';

/** A message that the node is to be given. */
export interface Asked {
  readonly type: string;
  readonly records: FlowerRecords;
}

export interface Replied {
  readonly message: m.Message;
  readonly objects: ReadonlyMap<string, Uint8Array>;
  readonly root: string;
}

/** A SuperLink within the process: keeps to the Fleet API, and misbehaves where a test wants it to. */
export class FakeSuperLink {
  readonly replies: Replied[] = [];
  readonly calls: string[] = [];
  /** Statuses that are answered instead, one a call. */
  readonly trouble: number[] = [];
  /** What an object is changed to on its way. */
  tamper: (content: Uint8Array, id: string) => Uint8Array = content => content;
  known = true;
  #waiting: Asked[];
  readonly #objects = new Map<string, Uint8Array>();
  #pushed = new Map<string, Uint8Array>();
  #announced: { readonly message: m.Message; readonly root: string } | null = null;

  constructor(asked: readonly Asked[]) {
    this.#waiting = [...asked];
  }

  readonly transport: FleetTransport = {
    publicKey: new TextEncoder().encode('PEM'),
    post: async (path, body) => {
      const name = path.replace('/v1/fleet/', '');
      this.calls.push(name);
      const status = this.trouble.shift();
      if (status !== undefined) return { status, body: new TextEncoder().encode('{"detail":"trouble"}') };
      return { status: 200, body: this.#answer(name, body) };
    },
  };

  #offer({ type, records }: Asked, number: number): { readonly message: m.Message; readonly tree: m.ObjectTree } {
    const metadata = create(m.MetadataSchema, {
      ...{ runId: 9n, srcNodeId: 1n, dstNodeId: 77n, messageType: type, ttl: 1000, createdAt: 1000, groupId: '3' },
    });
    const bare = toBinary(m.MessageSchema, create(m.MessageSchema, { metadata }));
    const root = makeObject('Message', [recordsObject(records)], bare);
    for (const { id, content } of allObjects(root)) this.#objects.set(id, content);
    const tree = (object: FlowerObject): m.ObjectTree =>
      create(m.ObjectTreeSchema, { objectId: object.id, children: object.children.map(tree) });
    const message = create(m.MessageSchema, { metadata: { ...metadata, messageId: `message-${number}` }, content: {} });
    return { message, tree: tree(root) };
  }

  #answer(name: string, body: Uint8Array): Uint8Array {
    switch (name) {
      case 'register-node':
        return toBinary(m.RegisterNodeFleetResponseSchema, create(m.RegisterNodeFleetResponseSchema, { nodeId: 77n }));
      case 'activate-node':
        this.known = true;
        return toBinary(m.ActivateNodeResponseSchema, create(m.ActivateNodeResponseSchema, { nodeId: 77n }));
      case 'send-node-heartbeat':
        return toBinary(
          m.SendNodeHeartbeatResponseSchema,
          create(m.SendNodeHeartbeatResponseSchema, { success: this.known }),
        );
      case 'pull-messages': {
        const next = this.#waiting.shift();
        const offered = next === undefined ? null : this.#offer(next, this.#waiting.length);
        const content = offered === null ? {} : { messagesList: [offered.message], messageObjectTrees: [offered.tree] };
        return toBinary(m.PullMessagesResponseSchema, create(m.PullMessagesResponseSchema, content));
      }
      case 'pull-object': {
        const { objectId } = fromBinary(m.PullObjectRequestSchema, body);
        const found = this.#objects.get(objectId);
        const content =
          found === undefined
            ? {}
            : { objectFound: true, objectAvailable: true, objectContent: this.tamper(found, objectId) };
        return toBinary(m.PullObjectResponseSchema, create(m.PullObjectResponseSchema, content));
      }
      case 'push-messages': {
        const { messagesList, messageObjectTrees } = fromBinary(m.PushMessagesRequestSchema, body);
        const [tree] = messageObjectTrees;
        const wanted = new Set<string>();
        const visit = (one: m.ObjectTree): void => {
          wanted.add(one.objectId);
          one.children.forEach(visit);
        };
        visit(tree!);
        this.#announced = { message: messagesList[0]!, root: tree!.objectId };
        this.#pushed = new Map();
        this.#finish(wanted.size);
        this.#expected = wanted.size;
        return toBinary(
          m.PushMessagesResponseSchema,
          create(m.PushMessagesResponseSchema, { objectsToPush: [...wanted], sessionId: 's' }),
        );
      }
      case 'push-object': {
        const { objectId, objectContent } = fromBinary(m.PushObjectRequestSchema, body);
        this.#pushed.set(objectId, objectContent);
        this.#finish(this.#expected);
        return toBinary(m.PushObjectResponseSchema, create(m.PushObjectResponseSchema, { stored: true }));
      }
      default:
        return new Uint8Array(0);
    }
  }

  #expected = 0;

  #finish(expected: number): void {
    if (this.#announced !== null && this.#pushed.size === expected)
      this.replies.push({ ...this.#announced, objects: this.#pushed });
  }
}
