/** The colours of a palette: DICOM PS3.3, C.7.6.3.1.5. */
export interface Palette {
  /** The stored value of the first colour; lower ones have it too, and higher ones than the last have the last. */
  readonly first: number;
  readonly red: Uint16Array;
  readonly green: Uint16Array;
  readonly blue: Uint16Array;
  /** Full light. */
  readonly most: number;
}

function tableOf(bytes: Uint8Array | undefined, entries: number, little: boolean): Uint16Array | null {
  if (bytes === undefined) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 2 * entries)
    return Uint16Array.from({ length: entries }, (_, i) => view.getUint16(2 * i, little));
  // Entries of 8 bits may lie two in a word.
  if (bytes.length >= entries) return Uint16Array.from({ length: entries }, (_, i) => bytes[little ? i : i ^ 1]!);
  return null;
}

/** Reads a palette from its descriptor and tables; null where one of them is missing or too short. */
export function readPalette(
  descriptor: Uint8Array | undefined,
  tables: readonly (Uint8Array | undefined)[],
  { little, signed }: { readonly little: boolean; readonly signed: boolean },
): Palette | null {
  if (descriptor === undefined || descriptor.length < 6) return null;
  const view = new DataView(descriptor.buffer, descriptor.byteOffset, descriptor.byteLength);
  const entries = view.getUint16(0, little) || 0x10000;
  const first = signed ? view.getInt16(2, little) : view.getUint16(2, little);
  const [red, green, blue] = tables.map(table => tableOf(table, entries, little));
  if (red == null || green == null || blue == null) return null;
  const bits = view.getUint16(4, little);
  // Some writers say 8 bits and write 16.
  const wide = bits > 8 || [red, green, blue].some(table => table.some(value => value > 255));
  return { first, red, green, blue, most: wide ? 65_535 : 255 };
}

/** The brightness of a stored value, 0 to 1, by the weights of ITU-R BT.601. */
export function paletteLight({ first, red, green, blue, most }: Palette, stored: number): number {
  const at = Math.max(0, Math.min(red.length - 1, stored - first));
  return (0.299 * red[at]! + 0.587 * green[at]! + 0.114 * blue[at]!) / most;
}
