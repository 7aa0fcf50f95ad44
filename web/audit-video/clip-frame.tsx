import type { ReactNode } from 'react';
import type { ShownClip } from '../../src/ground/contracts/audit-video.ts';
import { PictureBox, usePictures } from '../components/picture.tsx';

/** Pixels asked for: as wide as a sheet is. */
const PIXELS = 1024;
const CELLS = 8;
/** Signed bytes of the motion are in parts of a cell. */
const UNITS = 32;
/** Motion in cells below which no arrow is drawn, and how much longer than the motion one is. */
const LEAST = 1 / 16;
const STRETCH = 2;

export interface ClipFrameProps {
  readonly clip: ShownClip;
  /** What the clip is called. */
  readonly name: string;
  readonly frame: number;
  readonly matched: boolean;
  readonly flow: Int8Array | null;
}

/** The motion of all frames; null where the report's is damaged. */
export function readFlow({ flow, seconds }: ShownClip): Int8Array | null {
  try {
    const bytes = Int8Array.from(atob(flow), character => character.charCodeAt(0));
    return bytes.length === seconds.length * CELLS * CELLS * 2 ? bytes : null;
  } catch {
    return null;
  }
}

/** One frame of a clip, cut out of its sheet, with arrows where something moves. */
export function ClipFrame({ clip, name, frame, matched, flow }: ClipFrameProps): ReactNode {
  const { urlOf, whyMissing } = usePictures();
  const { sheet, columns, width, height, seconds } = clip;
  const url = urlOf({ set: 'run', file: sheet, size: PIXELS });
  if (url === null)
    return <PictureBox className="medium" url={null} alt={name} name={name} whyMissing={whyMissing('run')} />;
  const rows = Math.ceil(seconds.length / columns);
  return (
    <svg
      className={matched ? 'clip-frame matched' : 'clip-frame'}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`${name}, frame at ${(seconds[frame] ?? 0).toFixed(2)} s`}
    >
      <image
        href={url}
        x={-(frame % columns) * width}
        y={-Math.floor(frame / columns) * height}
        width={columns * width}
        height={rows * height}
        preserveAspectRatio="none"
      />
      {flow !== null && <Arrows flow={flow} frame={frame} width={width} height={height} />}
    </svg>
  );
}

function Arrows({
  flow,
  frame,
  width,
  height,
}: {
  readonly flow: Int8Array;
  readonly frame: number;
  readonly width: number;
  readonly height: number;
}): ReactNode {
  const path: string[] = [];
  const [across, down] = [width / CELLS, height / CELLS];
  for (let cell = 0; cell < CELLS * CELLS; cell++) {
    const at = 2 * (frame * CELLS * CELLS + cell);
    const [u, v] = [(flow[at] ?? 0) / UNITS, (flow[at + 1] ?? 0) / UNITS];
    if (Math.hypot(u, v) < LEAST) continue;
    const [x, y] = [((cell % CELLS) + 0.5) * across, (Math.floor(cell / CELLS) + 0.5) * down];
    const [toX, toY] = [x + STRETCH * u * across, y + STRETCH * v * down];
    const turn = Math.atan2(toY - y, toX - x);
    const barb = (by: number): string => `${toX - 3 * Math.cos(turn + by)} ${toY - 3 * Math.sin(turn + by)}`;
    path.push(`M${x} ${y}L${toX} ${toY}M${barb(0.5)}L${toX} ${toY}L${barb(-0.5)}`);
  }
  const d = path.join('');
  return (
    <g className="clip-flow">
      <path className="clip-flow-under" d={d} />
      <path d={d} />
    </g>
  );
}
