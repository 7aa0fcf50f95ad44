/** Shorter strings are placeholders such as `EMPTY` or `ollama`, and taking them out would damage answers. */
const MIN_SECRET_LENGTH = 8;

/** `text` with every occurrence of a secret, plain or percent-encoded, replaced by `[key]`. */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length < MIN_SECRET_LENGTH) continue;
    clean = clean.replaceAll(secret, '[key]').replaceAll(encodeURIComponent(secret), '[key]');
  }
  return clean;
}
