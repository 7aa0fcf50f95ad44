/** Side of the square that motion is measured on, in pixels. */
export const FLOW_SIDE = 128;
/** Halvings of the image until a shift of 8 pixels is one of 1. */
const LEVELS = 4;
/** The window has 2·RADIUS + 1 pixels each way. */
const RADIUS = 4;
/** Steps at each level, coarsest last. */
const STEPS = [2, 3, 4, 5];
/** Pixels around one, each way, that its motion is brought into line with after a step at each level, coarsest last. */
const AROUND = [5, 1, 1, 1];
/** Squared gradient a pixel below which there is nothing to follow: there the coarser level is kept. */
const FLAT = 0.2;
/** A step that is longer is cut: further away nothing is known of the image. */
const LONGEST_STEP = 1.5;

/** Motion of each pixel from one frame to the next, `[side, side]` row-major, in pixels: to the right and down. */
export interface Flow {
  readonly across: Float32Array;
  readonly down: Float32Array;
}

/** The working memory of one level. */
class Level {
  readonly side: number;
  first: Float32Array;
  second: Float32Array;
  readonly across: Float32Array;
  readonly down: Float32Array;
  readonly gx: Float32Array;
  readonly gy: Float32Array;
  /** The inverse of the structure tensor over the window: xx, xy, yy. */
  readonly ixx: Float32Array;
  readonly ixy: Float32Array;
  readonly iyy: Float32Array;
  readonly rowsX: Float32Array;
  readonly rowsY: Float32Array;
  readonly rowsXy: Float32Array;

  constructor(side: number) {
    this.side = side;
    const plane = (): Float32Array => new Float32Array(side * side);
    this.first = plane();
    this.second = plane();
    this.across = plane();
    this.down = plane();
    this.gx = plane();
    this.gy = plane();
    this.ixx = plane();
    this.ixy = plane();
    this.iyy = plane();
    this.rowsX = plane();
    this.rowsY = plane();
    this.rowsXy = plane();
  }
}

/** Mean of each 2 × 2 pixels. */
function halve(from: Float32Array, to: Float32Array, side: number): void {
  for (let y = 0; y < side; y++) {
    const [above, below, row] = [2 * y * 2 * side, (2 * y + 1) * 2 * side, y * side];
    for (let x = 0; x < side; x++)
      to[row + x] =
        (from[above + 2 * x]! + from[above + 2 * x + 1]! + from[below + 2 * x]! + from[below + 2 * x + 1]!) / 4;
  }
}

/** Sums of a row over the window, zeros beyond its ends. */
function sumRow(values: Float32Array, at: number, side: number, to: Float32Array): void {
  let sum = 0;
  for (let x = 0; x < RADIUS; x++) sum += values[at + x]!;
  for (let x = 0; x < side; x++) {
    if (x + RADIUS < side) sum += values[at + x + RADIUS]!;
    if (x > RADIUS) sum -= values[at + x - RADIUS - 1]!;
    to[at + x] = sum;
  }
}

/** Gradients of the first image, and the inverse of their second moments over the window. */
function prepareLevel(level: Level): void {
  const { side, first, gx, gy, ixx, ixy, iyy, rowsX, rowsY, rowsXy } = level;
  for (let y = 0; y < side; y++) {
    const row = y * side;
    const above = Math.max(0, y - 1) * side;
    const below = Math.min(side - 1, y + 1) * side;
    for (let x = 0; x < side; x++) {
      const left = x > 0 ? x - 1 : 0;
      const right = x < side - 1 ? x + 1 : x;
      gx[row + x] = (first[row + right]! - first[row + left]!) / 2;
      gy[row + x] = (first[below + x]! - first[above + x]!) / 2;
    }
  }
  for (let i = 0; i < side * side; i++) {
    ixx[i] = gx[i]! * gx[i]!;
    ixy[i] = gx[i]! * gy[i]!;
    iyy[i] = gy[i]! * gy[i]!;
  }
  for (let y = 0; y < side; y++) {
    sumRow(ixx, y * side, side, rowsX);
    sumRow(ixy, y * side, side, rowsXy);
    sumRow(iyy, y * side, side, rowsY);
  }
  const [xx, xy, yy] = [new Float64Array(side), new Float64Array(side), new Float64Array(side)];
  const flat = FLAT * (2 * RADIUS + 1) ** 2;
  const addRow = (y: number, sign: number): void => {
    const at = y * side;
    for (let x = 0; x < side; x++) {
      xx[x]! += sign * rowsX[at + x]!;
      xy[x]! += sign * rowsXy[at + x]!;
      yy[x]! += sign * rowsY[at + x]!;
    }
  };
  for (let y = 0; y < RADIUS; y++) addRow(y, 1);
  for (let y = 0; y < side; y++) {
    if (y + RADIUS < side) addRow(y + RADIUS, 1);
    if (y > RADIUS) addRow(y - RADIUS - 1, -1);
    const row = y * side;
    for (let x = 0; x < side; x++) {
      const [a, b, c] = [xx[x]! + flat, xy[x]!, yy[x]! + flat];
      const scale = 1 / (a * c - b * b);
      ixx[row + x] = c * scale;
      ixy[row + x] = -b * scale;
      iyy[row + x] = a * scale;
    }
  }
}

/** One step of Gauss and Newton for every window at once. */
function stepLevel(level: Level, columnsX: Float64Array, columnsY: Float64Array): void {
  const { side, first, second, across, down, gx, gy, ixx, ixy, iyy, rowsX, rowsY } = level;
  const most = side - 1 - 1e-3;
  for (let y = 0; y < side; y++) {
    const row = y * side;
    for (let x = 0; x < side; x++) {
      const i = row + x;
      const px = x + across[i]!;
      const py = y + down[i]!;
      // What has left the frame says nothing.
      if (!(px >= 0 && px <= most && py >= 0 && py <= most)) {
        changeX[x] = 0;
        changeY[x] = 0;
        continue;
      }
      const ix = px | 0;
      const iy = py | 0;
      const fx = px - ix;
      const fy = py - iy;
      const at = iy * side + ix;
      const top = second[at]! + fx * (second[at + 1]! - second[at]!);
      const bottom = second[at + side]! + fx * (second[at + side + 1]! - second[at + side]!);
      const change = top + fy * (bottom - top) - first[i]!;
      changeX[x] = gx[i]! * change;
      changeY[x] = gy[i]! * change;
    }
    let [sumX, sumY] = [0, 0];
    for (let x = 0; x < RADIUS; x++) {
      sumX += changeX[x]!;
      sumY += changeY[x]!;
    }
    for (let x = 0; x < side; x++) {
      if (x + RADIUS < side) {
        sumX += changeX[x + RADIUS]!;
        sumY += changeY[x + RADIUS]!;
      }
      if (x > RADIUS) {
        sumX -= changeX[x - RADIUS - 1]!;
        sumY -= changeY[x - RADIUS - 1]!;
      }
      rowsX[row + x] = sumX;
      rowsY[row + x] = sumY;
    }
  }
  columnsX.fill(0);
  columnsY.fill(0);
  for (let i = 0; i < RADIUS * side; i++) {
    columnsX[i % side]! += rowsX[i]!;
    columnsY[i % side]! += rowsY[i]!;
  }
  for (let y = 0; y < side; y++) {
    const row = y * side;
    const enter = y + RADIUS < side ? (y + RADIUS) * side : -1;
    const leave = y > RADIUS ? (y - RADIUS - 1) * side : -1;
    for (let x = 0; x < side; x++) {
      let sx = columnsX[x]!;
      let sy = columnsY[x]!;
      if (enter >= 0) {
        sx += rowsX[enter + x]!;
        sy += rowsY[enter + x]!;
      }
      if (leave >= 0) {
        sx -= rowsX[leave + x]!;
        sy -= rowsY[leave + x]!;
      }
      columnsX[x] = sx;
      columnsY[x] = sy;
      const i = row + x;
      let dx = -(ixx[i]! * sx + ixy[i]! * sy);
      let dy = -(ixy[i]! * sx + iyy[i]! * sy);
      if (dx > LONGEST_STEP) dx = LONGEST_STEP;
      else if (dx < -LONGEST_STEP) dx = -LONGEST_STEP;
      if (dy > LONGEST_STEP) dy = LONGEST_STEP;
      else if (dy < -LONGEST_STEP) dy = -LONGEST_STEP;
      across[i]! += dx;
      down[i]! += dy;
    }
  }
}

const changeX = new Float64Array(FLOW_SIDE);
const changeY = new Float64Array(FLOW_SIDE);

/** Mean over the pixels around each one, those of the edge beyond it. */
function smooth(
  values: Float32Array,
  side: number,
  { around, work }: { readonly around: number; readonly work: Float32Array },
): void {
  const scale = 1 / (2 * around + 1);
  const last = side - 1;
  for (let y = 0; y < side; y++) {
    const row = y * side;
    let sum = (around + 1) * values[row]!;
    for (let x = 1; x <= around; x++) sum += values[row + x]!;
    for (let x = 0; x < side; x++) {
      work[row + x] = sum * scale;
      sum += values[row + (x + around < last ? x + around + 1 : last)]! - values[row + (x > around ? x - around : 0)]!;
    }
  }
  const sums = columns.subarray(0, side);
  for (let x = 0; x < side; x++) {
    sums[x] = (around + 1) * work[x]!;
    for (let y = 1; y <= around; y++) sums[x]! += work[y * side + x]!;
  }
  for (let y = 0; y < side; y++) {
    const row = y * side;
    const enter = (y + around < last ? y + around + 1 : last) * side;
    const leave = (y > around ? y - around : 0) * side;
    for (let x = 0; x < side; x++) {
      values[row + x] = sums[x]! * scale;
      sums[x]! += work[enter + x]! - work[leave + x]!;
    }
  }
}

const columns = new Float64Array(FLOW_SIDE);

/**
 * Dense optical flow between grey frames of 128 × 128 by pyramidal Lucas-Kanade (Bouguet, "Pyramidal implementation of the Lucas Kanade feature tracker",
 * Intel 2000), with every pixel tracked and windows of 9 × 9 summed as they slide. Memory is taken once.
 *
 * @example
 * const flow = new FlowEstimator().estimate(first, second); // Float32Arrays [128 * 128], 0 to 255
 */
export class FlowEstimator {
  readonly #levels = Array.from({ length: LEVELS }, (_, i) => new Level(FLOW_SIDE >> i));
  readonly #columnsX = new Float64Array(FLOW_SIDE);
  readonly #columnsY = new Float64Array(FLOW_SIDE);

  /** @returns motion from the first frame to the second; the arrays are used again by the next call */
  estimate(first: Float32Array, second: Float32Array): Flow {
    const levels = this.#levels;
    levels[0]!.first.set(first);
    levels[0]!.second.set(second);
    for (let i = 1; i < LEVELS; i++) {
      halve(levels[i - 1]!.first, levels[i]!.first, levels[i]!.side);
      halve(levels[i - 1]!.second, levels[i]!.second, levels[i]!.side);
    }
    for (let i = LEVELS - 1; i >= 0; i--) {
      const level = levels[i]!;
      const { side, across, down } = level;
      if (i === LEVELS - 1) {
        across.fill(0);
        down.fill(0);
      } else enlarge(levels[i + 1]!, level);
      prepareLevel(level);
      const [columnsX, columnsY] = [this.#columnsX.subarray(0, side), this.#columnsY.subarray(0, side)];
      for (let step = 0; step < STEPS[i]!; step++) {
        stepLevel(level, columnsX, columnsY);
        // Every pixel has a motion of its own: between steps they are brought into line, or their errors would grow.
        const options = { around: AROUND[i]!, work: level.rowsX };
        smooth(across, side, options);
        smooth(down, side, options);
      }
    }
    const { across, down } = levels[0]!;
    return { across, down };
  }
}

/** The flow of a level on the next finer one, with straight lines between pixels. */
function enlarge(coarse: Level, fine: Level): void {
  const { side } = coarse;
  for (let y = 0; y < fine.side; y++) {
    const cy = Math.max(0, Math.min(side - 1.001, (y - 0.5) / 2));
    const [iy, fy] = [cy | 0, cy - (cy | 0)];
    for (let x = 0; x < fine.side; x++) {
      const cx = Math.max(0, Math.min(side - 1.001, (x - 0.5) / 2));
      const ix = cx | 0;
      const fx = cx - ix;
      const at = iy * side + ix;
      const i = y * fine.side + x;
      fine.across[i] = 2 * between(coarse.across, at, { side, fx, fy });
      fine.down[i] = 2 * between(coarse.down, at, { side, fx, fy });
    }
  }
}

function between(
  values: Float32Array,
  at: number,
  { side, fx, fy }: { readonly side: number; readonly fx: number; readonly fy: number },
): number {
  const top = values[at]! + fx * (values[at + 1]! - values[at]!);
  const bottom = values[at + side]! + fx * (values[at + side + 1]! - values[at + side]!);
  return top + fy * (bottom - top);
}
