import { promisify } from 'node:util';
import { constants, crc32, deflate } from 'node:zlib';
import type { Image } from './image.ts';

const deflateBytes = promisify(deflate);
const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

function chunk(name: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = name.charCodeAt(i);
  bytes.set(body, 8);
  view.setUint32(8 + body.length, crc32(bytes.subarray(4, 8 + body.length)));
  return bytes;
}

function header(width: number, height: number, colourType: number): Uint8Array {
  const bytes = new Uint8Array(13);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  bytes[8] = 8;
  bytes[9] = colourType;
  return bytes;
}

/** The Paeth predictor of the PNG specification, §9.4. */
function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const dLeft = Math.abs(estimate - left);
  const dUp = Math.abs(estimate - up);
  const dUpLeft = Math.abs(estimate - upLeft);
  if (dLeft <= dUp && dLeft <= dUpLeft) return left;
  return dUp <= dUpLeft ? up : upLeft;
}

/** Scanlines with the filter (none, sub, up or Paeth) whose residuals are smallest in sum, as the specification advises. */
function filterRows(data: Uint8Array, stride: number, step: number): Uint8Array {
  const rows = data.length / stride;
  const out = new Uint8Array(rows * (stride + 1));
  const candidates = [0, 1, 2, 4].map(type => ({ type, bytes: new Uint8Array(stride), sum: 0 }));
  const [none, sub, up, both] = candidates as [Candidate, Candidate, Candidate, Candidate];
  for (let y = 0; y < rows; y++) {
    for (const candidate of candidates) candidate.sum = 0;
    const at = y * stride;
    for (let i = 0; i < stride; i++) {
      const value = data[at + i]!;
      const a = i >= step ? data[at + i - step]! : 0;
      const b = y > 0 ? data[at + i - stride]! : 0;
      const c = i >= step && y > 0 ? data[at + i - stride - step]! : 0;
      put(none, i, value);
      put(sub, i, value - a);
      put(up, i, value - b);
      put(both, i, value - paeth(a, b, c));
    }
    const best = candidates.reduce((least, next) => (next.sum < least.sum ? next : least));
    out[y * (stride + 1)] = best.type;
    out.set(best.bytes, y * (stride + 1) + 1);
  }
  return out;
}

interface Candidate {
  readonly type: number;
  readonly bytes: Uint8Array;
  sum: number;
}

function put(candidate: Candidate, i: number, residual: number): void {
  const byte = residual & 255;
  candidate.bytes[i] = byte;
  candidate.sum += byte < 128 ? byte : 256 - byte;
}

async function assemble(width: number, height: number, data: Uint8Array, samples: 1 | 3): Promise<Uint8Array> {
  const filtered = filterRows(data, width * samples, samples);
  // Run lengths only: the general match search hashes differently from processor to processor, so that the same pixels would
  // come out as different bytes; this costs about a tenth in size.
  const body = await deflateBytes(filtered, { strategy: constants.Z_RLE, level: 9, memLevel: 9 });
  const chunks = [
    SIGNATURE,
    chunk('IHDR', header(width, height, samples === 3 ? 2 : 0)),
    chunk('IDAT', body),
    chunk('IEND', new Uint8Array(0)),
  ];
  const bytes = new Uint8Array(chunks.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of chunks) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** PNG (8-bit RGB) whose bytes are the same for the same pixels on every machine, so that data sets can be compared by digest. */
export function encodePng(image: Image): Promise<Uint8Array> {
  return assemble(image.width, image.height, image.data, 3);
}

/** PNG (8-bit grey) of a `[height, width]` map such as a region mask; the same bytes on every machine. */
export function encodeGreyPng(map: Image): Promise<Uint8Array> {
  return assemble(map.width, map.height, map.data, 1);
}
