/** What reports call a face of an image: the image, for the largest one. */
export function faceName(file: string, face: number): string {
  return face === 0 ? file : `${file}#face${face + 1}`;
}

/** The image that {@link faceName} named a face of. */
export function imageOf(name: string): string {
  const at = name.lastIndexOf('#face');
  return at > 0 && /^[0-9]{1,6}$/.test(name.slice(at + 5)) ? name.slice(0, at) : name;
}
