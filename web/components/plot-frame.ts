/** Pixels around the drawing area of a chart. */
export interface Margin {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

export const marginOptions = ({ top, right, bottom, left }: Margin) => ({
  marginTop: top,
  marginRight: right,
  marginBottom: bottom,
  marginLeft: left,
});

/** A name cut to what a number of pixels holds, at so many pixels a letter; never to less than six. */
export function fitName(
  text: string,
  { pixels, letter }: { readonly pixels: number; readonly letter: number },
): string {
  const room = Math.max(6, Math.floor(pixels / letter));
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
