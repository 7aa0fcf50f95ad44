import { type ReactNode, useCallback } from 'react';
import type { BenchScore, Calibration } from '../../src/ground/contracts/bench-score.ts';
import { Chart } from '../components/chart.tsx';
import { DataTable } from '../components/data-table.tsx';
import { Folded } from '../components/folded.tsx';
import { type Measure, MeasureTable } from '../components/measure-table.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { Section } from '../components/section.tsx';
import { formatPEquals, formatShare, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { drawCalibration } from './calibration-chart.ts';
import type { Entry } from './entries.ts';
import { drawLetters } from './letters-chart.ts';

/** Whether the choices rest on the contents: letters, rotated options, and how far stated probabilities hold. */
export function Steadiness({ entry }: { readonly entry: Entry }): ReactNode {
  const { score } = entry;
  return (
    <Section
      id="steadiness"
      title="Letters, order and certainty"
      lead="A model that looks at faces chooses the same option whatever its letter and its place."
    >
      <h3>Letters</h3>
      <Letters letters={score.letters} />
      <MeasureTable caption="Steadiness" measures={measuresOf(score)} />
      {score.rotation === null && (
        <p className="note">
          No question was asked in every order of its options, so steadiness under turning is not known.
        </p>
      )}
      <h3>Certainty</h3>
      {score.calibration === null ? (
        <p className="note">No reply came with probabilities, so certainty is not known.</p>
      ) : (
        <CalibrationFigure calibration={score.calibration} />
      )}
    </Section>
  );
}

function Letters({ letters }: { readonly letters: BenchScore['letters'] }): ReactNode {
  const draw = useCallback((width: number) => drawLetters(letters, width), [letters]);
  const names = Object.keys(letters.chosen);
  const { test } = letters;
  if (names.length === 0) return <p className="note">No reply commits to a letter.</p>;
  const words = names.map(
    letter =>
      `${letter} chosen ${formatShare(letters.chosen[letter]?.value ?? 0)}, right ${formatShare(letters.right[letter] ?? 0)}`,
  );
  return (
    <figure className="figure">
      <p className="key" aria-hidden="true">
        <span className="bar-key bar-own">Chosen</span>
        <span className="bar-key bar-target">Right</span>
      </p>
      <Chart label={`Bars of letters. ${words.join('. ')}.`} draw={draw} />
      <figcaption>
        {test.p === null
          ? `Not tested: ${visibleText(test.reason ?? 'no reason was recorded')}.`
          : `Test that wrong replies fall evenly on the wrong letters: ${formatPEquals(test.p)} from ${plural(test.n, 'wrong reply', 'wrong replies')}.`}
      </figcaption>
      <Folded summary="The chart as a table">
        <DataTable
          caption="Letters chosen, and right"
          rows={names}
          keyOf={letter => letter}
          columns={[
            { id: 'letter', header: 'Letter', cell: letter => letter },
            metricColumn({
              id: 'chosen',
              header: 'Chosen',
              kind: 'share',
              metricOf: (letter: string) => letters.chosen[letter],
            }),
            { id: 'right', header: 'Right', numeric: true, cell: letter => formatShare(letters.right[letter] ?? 0) },
            metricColumn({
              id: 'recall',
              header: 'Accuracy where it is right',
              kind: 'share',
              metricOf: (letter: string) => letters.recall[letter],
            }),
          ]}
        />
      </Folded>
    </figure>
  );
}

function measuresOf({ letters, rotation }: BenchScore): readonly Measure[] {
  return [
    {
      id: 'deviation',
      name: 'Spread over letters',
      value: letters.recallDeviation,
      kind: 'share',
      meaning: 'Standard deviation of the accuracies by right letter.',
      good: 'Good: near 0 %.',
    },
    ...(rotation === null
      ? []
      : ([
          {
            id: 'consistent',
            name: 'Same choice in every order',
            value: rotation.consistent,
            kind: 'share',
            meaning: 'Questions for which the same option was chosen however its options were rotated.',
            good: 'Good: near 100 %.',
          },
          {
            id: 'all-correct',
            name: 'Right in every order',
            value: rotation.allCorrect,
            kind: 'share',
            meaning: 'Questions answered correctly in all orders: what is known rather than guessed.',
            good: 'Good: near the accuracy.',
          },
        ] satisfies Measure[])),
  ];
}

function CalibrationFigure({ calibration }: { readonly calibration: Calibration }): ReactNode {
  const draw = useCallback((width: number) => drawCalibration(calibration, width), [calibration]);
  return (
    <>
      <figure className="figure">
        <Chart label="Share right against stated probability. The numbers are in the table below." draw={draw} />
        <figcaption>
          Below the dashed line the model is more certain than it should be. Larger dots are more replies.
        </figcaption>
        <Folded summary="The chart as a table">
          <DataTable
            caption="Share right by stated probability"
            rows={calibration.bins.filter(bin => bin.confidence !== null)}
            keyOf={bin => String(bin.low)}
            columns={[
              { id: 'bin', header: 'Probability', cell: bin => `${formatShare(bin.low)} to ${formatShare(bin.high)}` },
              {
                id: 'confidence',
                header: 'Mean',
                numeric: true,
                cell: bin => (bin.confidence === null ? '–' : formatShare(bin.confidence)),
              },
              metricColumn({
                id: 'accuracy',
                header: 'Right',
                kind: 'share',
                metricOf: (bin: Calibration['bins'][number]) => bin.accuracy,
              }),
            ]}
          />
        </Folded>
      </figure>
      <MeasureTable
        caption="Calibration"
        measures={[
          {
            id: 'ece',
            name: 'Calibration error',
            value: calibration.ece,
            kind: 'share',
            meaning: 'Mean distance between stated probability and share right; biased upwards for few replies.',
            good: 'Good: near 0 %.',
          },
          {
            id: 'brier',
            name: 'Brier score',
            value: calibration.brier,
            kind: 'number',
            meaning: 'Squared error of the probabilities over all options.',
            good: 'Good: near 0; 2 is sure and wrong.',
          },
        ]}
      />
    </>
  );
}
