import { type ReactNode, useEffect, useId, useMemo, useState } from 'react';
import type { ShownPair, VideoPair } from '../../src/ground/contracts/audit-video.ts';
import { CheckField } from '../components/fields.tsx';
import { FileName } from '../components/file-name.tsx';
import { SetKey } from '../components/set-key.tsx';
import { visibleText } from '../text/visible-text.ts';
import { ClipFrame, readFlow } from './clip-frame.tsx';

/** Eight frames a second: as fast as clips of the usual length were cut. */
const FRAME_MS = 125;

/** What two clips have in common, in a few words. */
function saidOf({ why }: ShownPair, pair: VideoPair | undefined): string {
  if (pair === undefined) return '';
  if (why === 'motion')
    return `Motion ${pair.nearestMotion?.similarity.toFixed(2) ?? 'none'}${pair.nearestMotion?.copy ? ', called a copy' : ''}`;
  const [span] = pair.spans;
  const how =
    span === undefined
      ? ''
      : `${Math.abs(span.speed - 1) < 0.06 ? '' : `, ${span.speed.toFixed(2)} × as fast`}${span.reversed ? ', backwards' : ''}`;
  return `Content ${pair.content.toFixed(2)}, motion ${pair.motion === null ? 'none' : pair.motion.toFixed(2)}${pair.copy ? ', called a copy' : ''}${how}`;
}

/** Two clips side by side in step: the same moment of what matched in both. */
export function ClipPair({
  shown,
  pair,
}: {
  readonly shown: ShownPair;
  readonly pair: VideoPair | undefined;
}): ReactNode {
  const { generated, training, matched, clips } = shown;
  const [frame, setFrame] = useState(matched?.[0] ?? 0);
  const [playing, setPlaying] = useState(false);
  const [withFlow, setWithFlow] = useState(false);
  const slider = useId();
  const frames = Math.min(clips.generated.seconds.length, clips.training.seconds.length);
  const flows = useMemo(() => ({ generated: readFlow(clips.generated), training: readFlow(clips.training) }), [clips]);
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => setFrame(at => (at + 1) % frames), FRAME_MS);
    return () => clearInterval(timer);
  }, [playing, frames]);
  const inside = matched !== null && frame >= matched[0] && frame < matched[1];
  return (
    <article className="exhibit" aria-label={`${visibleText(generated)} beside ${visibleText(training)}`}>
      <p className="exhibit-head">
        <strong>{shown.why === 'motion' ? 'Same motion' : 'Most alike'}</strong> {saidOf(shown, pair)}
      </p>
      <div className="exhibit-sides">
        {(['generated', 'training'] as const).map(set => (
          <figure key={set} className="exhibit-side">
            <figcaption>
              <SetKey set={set} />
              <FileName name={set === 'generated' ? generated : training} whole />
              <span className="clip-time">{(clips[set].seconds[frame] ?? 0).toFixed(2)} s</span>
            </figcaption>
            <ClipFrame
              clip={clips[set]}
              name={set === 'generated' ? 'Generated clip' : 'Training clip'}
              frame={frame}
              matched={inside}
              flow={withFlow ? flows[set] : null}
            />
          </figure>
        ))}
      </div>
      <div className="clip-controls">
        <button type="button" className="button" aria-pressed={playing} onClick={() => setPlaying(!playing)}>
          {playing ? 'Pause' : 'Play'}
        </button>
        <span className="clip-slider">
          <label htmlFor={slider} className="visually-hidden">
            Moment
          </label>
          <input
            id={slider}
            type="range"
            min={0}
            max={frames - 1}
            value={frame}
            onChange={event => {
              setPlaying(false);
              setFrame(Number(event.currentTarget.value));
            }}
          />
          {matched !== null && (
            <svg
              className="clip-band"
              viewBox={`0 0 ${frames} 1`}
              preserveAspectRatio="none"
              role="img"
              aria-label="The part that matched"
            >
              <rect x={matched[0]} y={0} width={matched[1] - matched[0]} height={1} />
            </svg>
          )}
        </span>
        <CheckField label="Show motion" checked={withFlow} onChange={setWithFlow} />
      </div>
    </article>
  );
}
