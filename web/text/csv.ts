/**
 * One table as CSV (RFC 4180, CRLF). Text that a spreadsheet would run as a formula gets a leading apostrophe; numbers are
 * written as they are, and null is an empty field.
 */
export function toCsv(
  header: readonly string[],
  rows: Iterable<readonly (string | number | boolean | null)[]>,
): string {
  const lines = [header.join(',')];
  for (const row of rows) lines.push(row.map(field).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

function field(value: string | number | boolean | null): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const safe = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Hands a file to the browser's downloads; nothing leaves the page. */
export function downloadText(name: string, text: string, options: { readonly type?: string } = {}): void {
  const { type = 'text/csv' } = options;
  downloadFile(name, new Blob([text], { type: `${type};charset=utf-8` }));
}

/** As {@link downloadText}, for content of any kind. */
export function downloadFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download reads the address after this turn.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
