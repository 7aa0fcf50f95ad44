/** An element of DICOM in explicit little-endian form. */
export function explicit(tag: number, vr: string, value: string | Uint8Array): Uint8Array {
  const raw = typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value);
  const padded =
    raw.length % 2 === 0 ? raw : Buffer.concat([raw, Buffer.from([vr === 'UI' || vr === 'OB' ? 0 : 0x20])]);
  const long = ['OB', 'OW', 'SQ', 'UN', 'UT', 'LT'].includes(vr) && vr !== 'LT';
  const head = Buffer.alloc(long ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.write(vr, 4, 'latin1');
  if (long) head.writeUInt32LE(padded.length, 8);
  else head.writeUInt16LE(padded.length, 6);
  return Buffer.concat([head, padded]);
}

const short = (value: number): Uint8Array => Uint8Array.of(value & 255, value >> 8);

/** A small DICOM file of 16 bits, with whatever elements are to stand in it besides. */
export function dicomOf({
  rows,
  columns,
  pixels,
  more = [],
  lie,
}: {
  readonly rows: number;
  readonly columns: number;
  readonly pixels: Uint16Array | null;
  readonly more?: readonly Uint8Array[];
  /** Length that the pixels claim. */
  readonly lie?: number;
}): Uint8Array {
  const tagOf = (element: Uint8Array): number =>
    (element[0]! | (element[1]! << 8)) * 0x10000 + (element[2]! | (element[3]! << 8));
  const elements = [
    explicit(0x00280002, 'US', short(1)),
    explicit(0x00280004, 'CS', 'MONOCHROME2'),
    explicit(0x00280010, 'US', short(rows)),
    explicit(0x00280011, 'US', short(columns)),
    explicit(0x00280100, 'US', short(16)),
    explicit(0x00280101, 'US', short(16)),
    explicit(0x00280103, 'US', short(0)),
    ...more,
  ].sort((a, b) => tagOf(a) - tagOf(b));
  const last =
    pixels === null
      ? []
      : [explicit(0x7fe00010, 'OW', new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength))];
  if (lie !== undefined && last[0] !== undefined)
    Buffer.from(last[0].buffer, last[0].byteOffset, last[0].byteLength).writeUInt32LE(lie, 8);
  const meta = explicit(0x00020010, 'UI', '1.2.840.10008.1.2.1');
  return new Uint8Array(Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), meta, ...elements, ...last]));
}
