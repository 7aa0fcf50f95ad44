/** Names that some systems give to devices. */
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** Whether a path from outside stays in the folder it is put into, on every system: relative, without `..`, without what a name cannot hold. */
export function isSafePath(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (path === '' || path.length > 1000 || /[\\:*?"<>|\u0000-\u001f\u007f]/.test(path)) return false;
  return path
    .split('/')
    .every(
      part =>
        part !== '' &&
        part !== '.' &&
        part !== '..' &&
        !/[. ]$/.test(part) &&
        !DEVICES.test(part) &&
        part.length <= 255,
    );
}
