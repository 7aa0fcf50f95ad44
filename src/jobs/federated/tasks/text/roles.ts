/** What one role of a play says: lines in order. */
export interface Role {
  readonly name: string;
  readonly lines: readonly string[];
}

const MOST_NAME = 80;

/** `NAME:` on a line of its own. */
function nameOn(line: string): string | null {
  return line.length <= MOST_NAME && line.endsWith(':') ? line.slice(0, -1).trim() : null;
}

/**
 * The roles of a play as plain text: speeches one after another, an empty line between them, each begun by `NAME:` on a line of its own. What
 * stands before the first name belongs to nobody.
 *
 * @returns roles by the length of what they say, the longest first; equal ones by name
 */
export function readRoles(text: string): Role[] {
  const roles = new Map<string, string[]>();
  let current: string[] | null = null;
  let begins = true;
  for (const line of text.split(/\r?\n/)) {
    const name = begins ? nameOn(line) : null;
    begins = line === '';
    if (name !== null && name !== '') {
      current = roles.get(name) ?? [];
      roles.set(name, current);
    } else if (line !== '') current?.push(line);
  }
  const length = ({ lines }: Role): number => lines.reduce((sum, line) => sum + line.length + 1, 0);
  return [...roles]
    .map(([name, lines]) => ({ name, lines }))
    .filter(({ lines }) => lines.length > 0)
    .sort((a, b) => length(b) - length(a) || (a.name < b.name ? -1 : 1));
}

/** Share of a role's lines that its client trains on; the last ones are the test, as in McMahan et al. (2017), section 3. */
const TRAINING_SHARE = 0.8;

/** The lines of a role that are trained on, and those that are tested on: at least one of the former. */
export function splitRole({ lines }: Role): { readonly training: string; readonly test: string } {
  const cut = Math.max(1, Math.floor(TRAINING_SHARE * lines.length));
  return { training: lines.slice(0, cut).join('\n'), test: lines.slice(cut).join('\n') };
}
