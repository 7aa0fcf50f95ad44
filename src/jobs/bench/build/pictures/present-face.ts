import type { RandomStream } from '../../../../ground/math/index.ts';
import type { Image } from '../../../../kit/images/index.ts';
import type { RegionMap } from '../labelled-image.ts';
import {
  blankCanvas,
  boxAround,
  type Canvas,
  type Colour,
  colourAt,
  finish,
  forEachPixel,
  mixPixel,
  smoothStep,
} from './compose.ts';
import { partLookup } from './regions.ts';

/** Colours of the room in which a photo or a screen is held up. */
const ROOMS: readonly Colour[] = [
  [126, 112, 98],
  [94, 104, 118],
  [146, 140, 128],
  [84, 92, 82],
  [120, 100, 108],
];

interface Sheet {
  /** From a pixel of the scene to the sheet, on which −1 to 1 is its width and its height. */
  readonly place: (x: number, y: number) => readonly [u: number, v: number];
}

function roomCanvas(size: number, stream: RandomStream): Canvas {
  const base = stream.pick(ROOMS);
  const [tilt, depth] = [stream.uniform() - 0.5, 20 + 30 * stream.uniform()];
  return blankCanvas(size, size, (x, y) => {
    const light = depth * (0.5 - y / size + tilt * (x / size - 0.5)) + (y > 0.82 * size ? -18 : 0);
    return [base[0] + light, base[1] + light, base[2] + light];
  });
}

function holdUp(size: number, stream: RandomStream): Sheet {
  const half = size * (0.37 + 0.04 * stream.uniform());
  const angle = ((stream.uniform() - 0.5) * 2 * 9 * Math.PI) / 180;
  const centre = [
    size * (0.5 + 0.04 * (stream.uniform() - 0.5)),
    size * (0.49 + 0.03 * (stream.uniform() - 0.5)),
  ] as const;
  // A sheet is hardly ever held square to the camera: one side is nearer.
  const lean = 0.12 * (stream.uniform() - 0.5);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return {
    place: (x, y) => {
      const [dx, dy] = [x - centre[0], y - centre[1]];
      const u = (cos * dx + sin * dy) / half;
      const v = (-sin * dx + cos * dy) / half;
      return [u / (1 + lean * v), v / (1 + lean * u)];
    },
  };
}

/** How far into the sheet a place lies, in pixels of the scene; negative outside. */
const inside = (u: number, v: number, reach: number, size: number): number =>
  (reach - Math.max(Math.abs(u), Math.abs(v))) * size * 0.39;

const grey = ([r, g, b]: Colour): number => 0.299 * r + 0.587 * g + 0.114 * b;

/** What ink makes of a colour: paler, less saturated, and in dots. */
function inkOf(colour: Colour, x: number, y: number): Colour {
  const light = grey(colour);
  const dots = 5 * (Math.sin(2.4 * x + 0.9 * y) + Math.sin(2.4 * y - 0.9 * x));
  const of = (k: 0 | 1 | 2, tint: number): number => 34 + 0.8 * (0.72 * colour[k] + 0.28 * light) + dots + tint;
  return [of(0, 4), of(1, 0), of(2, -6)];
}

/** Fingers that hold a sheet at its lower edge. */
function drawThumbs(canvas: Canvas, stream: RandomStream): void {
  const size = canvas.width;
  const skin: Colour = stream.pick([
    [222, 178, 150],
    [176, 122, 92],
    [120, 80, 60],
  ]);
  for (const side of [0.17, 0.83]) {
    const [cx, cy] = [size * (side + 0.03 * (stream.uniform() - 0.5)), size * (0.86 + 0.02 * stream.uniform())];
    forEachPixel(canvas, (x, y, at) => {
      const r = Math.hypot((x - cx) / (0.055 * size), (y - cy) / (0.11 * size));
      const shade = 1 - 0.25 * r;
      mixPixel(canvas.data, at, [skin[0] * shade, skin[1] * shade, skin[2] * shade], 1 - smoothStep(0.9, 1.02, r));
    });
  }
}

function layPaper(canvas: Canvas, sheet: Sheet, face: Image, stream: RandomStream): void {
  const size = canvas.width;
  const sheen = [stream.uniform() - 0.5, stream.uniform() - 0.5] as const;
  forEachPixel(canvas, (x, y, at) => {
    const [u, v] = sheet.place(x, y);
    const shadow = inside(u - 0.03, v - 0.04, 1.05, size);
    mixPixel(canvas.data, at, [28, 26, 24], 0.45 * smoothStep(-0.02 * size, 0.03 * size, shadow));
    const light = 14 * (sheen[0] * u + sheen[1] * v);
    mixPixel(canvas.data, at, [238 + light, 235 + light, 226 + light], smoothStep(-0.5, 0.5, inside(u, v, 1, size)));
    const within = smoothStep(-0.5, 0.5, inside(u, v, 0.88, size));
    if (within === 0) return;
    const [fx, fy] = [((u / 0.88 + 1) / 2) * face.width - 0.5, ((v / 0.88 + 1) / 2) * face.height - 0.5];
    const [r, g, b] = inkOf(colourAt(face, fx, fy), x, y);
    mixPixel(canvas.data, at, [r + light, g + light, b + light], within);
  });
}

/** The face as a printed photograph that somebody holds up. */
export function printFace(face: Image, stream: RandomStream): Image {
  const canvas = roomCanvas(face.width, stream);
  layPaper(canvas, holdUp(face.width, stream), face, stream);
  drawThumbs(canvas, stream);
  return finish(canvas);
}

/** The face on the screen of a tablet that somebody holds up: dark frame, lines of pixels, colder light, a reflection. */
export function screenFace(face: Image, stream: RandomStream): Image {
  const size = face.width;
  const canvas = roomCanvas(size, stream);
  const sheet = holdUp(size, stream);
  const [glare, slope] = [1.2 * (stream.uniform() - 0.5), 0.5 + 0.5 * stream.uniform()];
  const wave = 0.16 + 0.12 * stream.uniform();
  forEachPixel(canvas, (x, y, at) => {
    const [u, v] = sheet.place(x, y);
    mixPixel(canvas.data, at, [22, 23, 26], smoothStep(-0.5, 0.5, inside(u, v, 1.02, size)));
    const within = smoothStep(-0.5, 0.5, inside(u, v, 0.86, size));
    if (within === 0) return;
    const [fx, fy] = [((u / 0.86 + 1) / 2) * face.width - 0.5, ((v / 0.86 + 1) / 2) * face.height - 0.5];
    const [r, g, b] = colourAt(face, fx, fy);
    const lines = (y % 2 === 0 ? 5 : -5) + 7 * Math.sin(wave * (x + slope * y) * 6);
    const reflection = 70 * Math.exp(-(((u + slope * v - glare) / 0.16) ** 2));
    mixPixel(
      canvas.data,
      at,
      [0.92 * r + lines + reflection, 0.97 * g + 4 + lines + reflection, 1.04 * b + 14 + lines + reflection],
      within,
    );
  });
  drawThumbs(canvas, stream);
  return finish(canvas);
}

/**
 * A printed photograph with holes where its eyes were, behind which another person looks out: their eyes are lit by the room, lie deeper
 * and do not quite fit.
 */
export function cutFace(
  face: Image,
  behind: Image,
  options: { readonly regions: RegionMap; readonly behindRegions: RegionMap; readonly stream: RandomStream },
): Image | null {
  const { stream } = options;
  const size = face.width;
  const eyes = eyeBoxes(face, options.regions);
  const others = eyeBoxes(behind, options.behindRegions);
  if (eyes === null || others === null) return null;
  const canvas = roomCanvas(size, stream);
  const sheet = holdUp(size, stream);
  layPaper(canvas, sheet, face, stream);
  const shift = [0.1 * (stream.uniform() - 0.5), 0.15 * (stream.uniform() - 0.5)] as const;
  forEachPixel(canvas, (x, y, at) => {
    const [u, v] = sheet.place(x, y);
    const [fx, fy] = [((u / 0.88 + 1) / 2) * face.width - 0.5, ((v / 0.88 + 1) / 2) * face.height - 0.5];
    for (const [i, eye] of eyes.entries()) {
      const r = Math.hypot((fx - eye.x) / (1.35 * eye.width), (fy - eye.y) / (1.7 * eye.height));
      if (r > 1.3) continue;
      // The cut edge of the paper, white, then its shadow on the face behind.
      mixPixel(canvas.data, at, [246, 244, 238], 1 - smoothStep(1.06, 1.18, r));
      const other = others[i]!;
      const [r0, g0, b0] = colourAt(
        behind,
        other.x + ((fx - eye.x) / eye.width + shift[0]) * other.width,
        other.y + ((fy - eye.y) / eye.height + shift[1]) * other.height,
      );
      const dark = 0.55 + 0.3 * (1 - smoothStep(0.5, 1, r));
      mixPixel(canvas.data, at, [r0 * dark, g0 * dark, b0 * dark], 1 - smoothStep(0.94, 1.02, r));
    }
  });
  drawThumbs(canvas, stream);
  return finish(canvas);
}

interface Eye {
  readonly x: number;
  readonly y: number;
  /** Half the width and half the height. */
  readonly width: number;
  readonly height: number;
}

/** Both eyes from the left; null where fewer are seen. */
function eyeBoxes(face: Image, regions: RegionMap): readonly Eye[] | null {
  const partAt = partLookup(regions, face);
  const both = boxAround(face, (x, y) => partAt(x, y) === 'Eyes');
  if (both === null) return null;
  const middle = (both.left + both.right) / 2;
  const eyes = [false, true].map(right => boxAround(face, (x, y) => x > middle === right && partAt(x, y) === 'Eyes'));
  const found = eyes.flatMap(box =>
    box === null || box.right - box.left < 2
      ? []
      : [
          {
            x: (box.left + box.right) / 2,
            y: (box.top + box.bottom) / 2,
            width: (box.right - box.left + 1) / 2,
            height: Math.max((box.bottom - box.top + 1) / 2, (box.right - box.left + 1) / 5),
          },
        ],
  );
  return found.length === 2 ? found : null;
}
