/** One line of the audit log. It holds no embedding and no score. */
export interface AuditEntry {
  readonly seq: number;
  readonly at: number;
  readonly client: string;
  readonly action: 'create' | 'enroll' | 'verify' | 'identify' | 'revoke' | 'rekey' | 'export';
  readonly subject: string | null;
  readonly outcome: string;
  /** SHA-256 of the entry before and of this one, in hexadecimal. */
  readonly hash: string;
}

export const FIRST_HASH = '0'.repeat(64);

/** Digests in this house are passed in, since they differ between Node and browsers. */
export type Digest = (text: string) => string;

/** What an entry's hash is over. */
export function auditHash(previous: string, entry: Omit<AuditEntry, 'hash'>, digest: Digest): string {
  const { seq, at, client, action, subject, outcome } = entry;
  return digest(JSON.stringify([previous, seq, at, client, action, subject, outcome]));
}

/**
 * Checks a log from its first entry: none changed, none missing between.
 *
 * Adversary: whoever changes the database without starting the log anew. Whoever can write it all can write another log; so keep its last
 * hash elsewhere, and pass it as `last`.
 *
 * @returns the sequence number of the first entry that is wrong, or null
 */
export function checkAudit(
  entries: Iterable<AuditEntry>,
  { digest, last }: { readonly digest: Digest; readonly last?: string },
): number | null {
  let [previous, seq] = [FIRST_HASH, 0];
  for (const entry of entries) {
    seq++;
    if (entry.seq !== seq || auditHash(previous, entry, digest) !== entry.hash) return seq;
    previous = entry.hash;
  }
  return last === undefined || last === previous ? null : seq + 1;
}
