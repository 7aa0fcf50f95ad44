/** Bytes of one client in the round under way. */
export interface Bytes {
  readonly up: number;
  readonly down: number;
}

const NONE: Bytes = { up: 0, down: 0 };

/** Counts what goes each way in a round. */
export class Traffic {
  #bytes = new Map<number, Bytes>();

  of(client: number): Bytes {
    return this.#bytes.get(client) ?? NONE;
  }

  add(client: number, { up = 0, down = 0 }: Partial<Bytes>): void {
    const before = this.of(client);
    this.#bytes.set(client, { up: before.up + up, down: before.down + down });
  }

  /** A round begins. */
  clear(): void {
    this.#bytes = new Map();
  }
}
