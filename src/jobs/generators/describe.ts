import type { DiffusionReport } from '../../ground/contracts/index.ts';
import { wrap } from '../../kit/text/wrap.ts';

const NAMES = { diffusion: 'Diffusion model', gan: 'GAN' } as const;

function describeCurve({ curve }: DiffusionReport): string {
  return Object.entries(curve.values)
    .flatMap(([name, values]) => {
      const known = values.filter(value => value !== null);
      const [first, last] = [known[0], known.at(-1)];
      return first === undefined || last === undefined
        ? []
        : [`${name} ${first.toPrecision(3)} → ${last.toPrecision(3)}`];
    })
    .join(', ');
}

/** The result of training a generator for a terminal of 80 columns. */
export function describeDiffusion(report: DiffusionReport): string {
  const { images, network, training, skipped } = report;
  const classes =
    images.classes === null
      ? ''
      : ` Classes of ${images.classes.attribute}: ${Object.entries(images.classes.counts)
          .map(([name, count]) => `${name} ${count}`)
          .join(', ')}.`;
  const resized = images.resized === 0 ? '' : ` ${images.resized} were of another size: scaled and cropped.`;
  const left = skipped.length === 0 ? '' : ` ${skipped.length} could not be used.`;
  const rate = training.stepsPerSecond === null ? '' : ` (${training.stepsPerSecond.toPrecision(3)} steps/s)`;
  return [
    `${NAMES[report.kind]}: ${network.description}, ${network.parameters.toLocaleString('en')} numbers.`,
    `${images.n} images of ${images.size} × ${images.size}.${resized}${left}${classes}`,
    `${training.steps} steps of ${training.batchSize} images in ${training.seconds.toFixed(0)} s${rate}; ${describeCurve(report)}.`,
  ]
    .map(line => `${wrap(line, 80, '')}\n`)
    .join('');
}
