import { crc32, deflateSync } from 'node:zlib';

/** Colorants (D50-adapted XYZ of red, green and blue) and gamma of a matrix profile. */
export interface MatrixProfile {
  readonly colorants: readonly (readonly [number, number, number])[];
  readonly gamma: number;
}

/** Adobe RGB (1998): the D50-adapted colorants of its ICC profile, gamma 563/256. */
export const ADOBE_RGB: MatrixProfile = {
  colorants: [
    [0.60974, 0.31111, 0.01947],
    [0.20528, 0.62567, 0.06087],
    [0.14919, 0.06322, 0.74457],
  ],
  gamma: 563 / 256,
};

function tag(signature: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(signature), Buffer.alloc(4), body]);
}

const fixed = (x: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeInt32BE(Math.round(x * 65536));
  return out;
};

function curve(gamma: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt32BE(1);
  body.writeUInt16BE(Math.round(gamma * 256), 4);
  return tag('curv', body);
}

function description(text: string): Buffer {
  const body = Buffer.alloc(4 + text.length + 1 + 78);
  body.writeUInt32BE(text.length + 1);
  body.write(text, 4, 'ascii');
  return tag('desc', body);
}

/** A version 2 ICC display profile, RGB by a matrix or grey by a gamma alone. */
export function iccProfile(profile: MatrixProfile | { readonly gamma: number }): Buffer {
  const rgb = 'colorants' in profile;
  const tags: [string, Buffer][] = [
    ['desc', description('test')],
    ['cprt', tag('text', Buffer.from('none\0'))],
    ['wtpt', tag('XYZ ', Buffer.concat([fixed(0.9642), fixed(1), fixed(0.8249)]))],
  ];
  if (rgb) {
    ['r', 'g', 'b'].forEach((channel, i) => {
      tags.push([`${channel}XYZ`, tag('XYZ ', Buffer.concat((profile.colorants[i] ?? []).map(fixed)))]);
      tags.push([`${channel}TRC`, curve(profile.gamma)]);
    });
  } else {
    tags.push(['kTRC', curve(profile.gamma)]);
  }
  const table = Buffer.alloc(4 + 12 * tags.length);
  table.writeUInt32BE(tags.length);
  const bodies: Buffer[] = [];
  let offset = 128 + table.length;
  tags.forEach(([name, body], i) => {
    const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
    table.write(name, 4 + 12 * i, 'ascii');
    table.writeUInt32BE(offset, 8 + 12 * i);
    table.writeUInt32BE(body.length, 12 + 12 * i);
    bodies.push(padded);
    offset += padded.length;
  });
  const header = Buffer.alloc(128);
  header.writeUInt32BE(offset, 0);
  header.writeUInt32BE(0x02400000, 8);
  header.write(`mntr${rgb ? 'RGB ' : 'GRAY'}XYZ `, 12, 'ascii');
  header.write('acsp', 36, 'ascii');
  Buffer.concat([fixed(0.9642), fixed(1), fixed(0.8249)]).copy(header, 68);
  return Buffer.concat([header, table, ...bodies]);
}

export function pngChunk(name: string, body: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'ascii'), body]);
  const out = Buffer.alloc(8 + named.length);
  out.writeUInt32BE(body.length, 0);
  named.copy(out, 4);
  out.writeUInt32BE(crc32(named), 4 + named.length);
  return out;
}

/** The PNG with an ICC profile put in right behind its header; the samples stay as they are. */
export function embedInPng(png: Uint8Array, icc: Uint8Array): Buffer {
  const chunk = pngChunk('iCCP', Buffer.concat([Buffer.from('icc\0\0', 'ascii'), deflateSync(icc)]));
  return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]);
}

/** The JPEG with an ICC profile put in right behind its start marker; the samples stay as they are. */
export function embedInJpeg(jpeg: Uint8Array, icc: Uint8Array): Buffer {
  const segment = Buffer.concat([Buffer.from([0xff, 0xe2, 0, 0]), Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), icc]);
  segment.writeUInt16BE(segment.length - 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
}

const toLinearXyzOfSrgb = [
  // IEC 61966-2-1 primaries, Bradford-adapted to D50: the inverse of the matrix of the sRGB ICC profile.
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
] as const;

/** The 8-bit sRGB of samples (0 to 1) in a matrix profile, by the colour equations alone. */
export function srgbOf(samples: readonly number[], profile: MatrixProfile): number[] {
  const linear = samples.map(sample => sample ** profile.gamma);
  const xyz = [0, 1, 2].map(k => profile.colorants.reduce((sum, c, i) => sum + (c[k] ?? 0) * (linear[i] ?? 0), 0));
  return toLinearXyzOfSrgb.map(row => {
    const value = Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, m, i) => sum + m * (xyz[i] ?? 0), 0),
      ),
    );
    const encoded = value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
    return Math.round(255 * encoded);
  });
}
