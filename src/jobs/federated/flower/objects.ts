import { BiolensError } from '../../../ground/errors.ts';
import { objectId } from './digest/node.ts';

export { objectId };

/** Kinds of objects that a message is made of, by Flower's names. */
export const OBJECT_TYPES = [
  'Message',
  'RecordDict',
  'ArrayRecord',
  'MetricRecord',
  'ConfigRecord',
  'Array',
  'ArrayChunk',
] as const;
export type ObjectType = (typeof OBJECT_TYPES)[number];

/** A part of a message, known by the SHA-256 of its bytes: a head that names its kind and its children, and a body. */
export interface FlowerObject {
  /** Hexadecimal. */
  readonly id: string;
  readonly type: ObjectType;
  readonly children: readonly FlowerObject[];
  readonly content: Uint8Array;
}

/** Bytes of a head: a hundred thousand children of 65. */
const MOST_HEAD_BYTES = 6_500_100;
const HEAD_END = 0;
const ID = /^[0-9a-f]{64}$/;
const encoder = new TextEncoder();

const refuse = (why: string): never => {
  throw new BiolensError('input', `message of the SuperLink: ${why}`);
};

/** Makes an object; children that are equal are one. */
export function makeObject(type: ObjectType, children: readonly FlowerObject[], body: Uint8Array): FlowerObject {
  const unique = [...new Map(children.map(child => [child.id, child])).values()];
  const head = encoder.encode(`${type} ${unique.map(({ id }) => id).join(',')} ${body.length}`);
  const content = new Uint8Array(head.length + 1 + body.length);
  content.set(head);
  content.set(body, head.length + 1);
  return { id: objectId(content), type, children: unique, content };
}

export interface ObjectParts {
  readonly type: ObjectType;
  readonly children: readonly string[];
  readonly body: Uint8Array;
}

/**
 * Reads an object that came from outside.
 *
 * @param options.id what it is asked for by
 * @throws BiolensError `input` where it is not the object of this id, or none at all
 */
export function readObject(content: Uint8Array, { id }: { readonly id: string }): ObjectParts {
  if (!ID.test(id)) return refuse('the id of an object is no SHA-256');
  if (objectId(content) !== id) return refuse(`object ${id.slice(0, 12)} has another digest`);
  const end = content.subarray(0, MOST_HEAD_BYTES).indexOf(HEAD_END);
  if (end < 0) return refuse(`object ${id.slice(0, 12)} has no head`);
  const [type, list, length, ...more] = new TextDecoder().decode(content.subarray(0, end)).split(' ');
  const known = OBJECT_TYPES.find(name => name === type);
  if (known === undefined || list === undefined || more.length > 0)
    return refuse(`object ${id.slice(0, 12)} is of no known kind`);
  const children = list === '' ? [] : list.split(',');
  if (children.some(child => !ID.test(child)) || new Set(children).size !== children.length)
    return refuse(`object ${id.slice(0, 12)} names its children wrongly`);
  const body = content.subarray(end + 1);
  if (length !== String(body.length))
    return refuse(`object ${id.slice(0, 12)} has ${body.length} bytes, it says ${length}`);
  return { type: known, children, body };
}

/** All objects below one, itself at the end, each once: children are sent before what names them. */
export function allObjects(root: FlowerObject): FlowerObject[] {
  const found = new Map<string, FlowerObject>();
  const visit = (object: FlowerObject): void => {
    if (found.has(object.id)) return;
    for (const child of object.children) visit(child);
    found.set(object.id, object);
  };
  visit(root);
  return [...found.values()];
}
