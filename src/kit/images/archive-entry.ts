/** Ranges of a file. */
export interface ByteSource {
  readonly size: number;
  /** @throws Error for a range that is not in the file */
  read(start: number, length: number): Promise<Uint8Array>;
}

/** A file in an archive. */
export interface ArchiveEntry {
  /** As the archive names it, which may be anything. */
  readonly name: string;
  readonly size: number;
  /** @param most most bytes that are unpacked @throws BiolensError `input` for more, and for what is damaged */
  load(most: number): Promise<Uint8Array>;
}
