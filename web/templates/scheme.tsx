import { type ReactNode, useMemo } from 'react';
import type { TemplateReport } from '../../src/ground/contracts/templates.ts';
import { RatesFigure } from '../components/rates-figure.tsx';
import { ScoresFigure } from '../components/scores-figure.tsx';
import { Section } from '../components/section.tsx';
import { formatShare } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { AttackTable } from './attacks.tsx';

type Scheme = TemplateReport['schemes'][string];

/** One scheme: recognition with and without protection, scores, linkability and attacks. */
export function SchemeSection({ name, scheme }: { readonly name: string; readonly scheme: Scheme }): ReactNode {
  const { unprotected, stolenKey, secretKey, unlinkability, patent, source, title } = scheme;
  const series = useMemo(
    () => [
      { id: 'plain', title: 'unprotected', colour: 'training' as const, points: unprotected.curve },
      { id: 'stolen', title: 'key stolen', colour: 'generated' as const, points: stolenKey.curve },
      { id: 'secret', title: 'secret keys', colour: 'heldout' as const, dashed: true, points: secretKey.curve },
    ],
    [unprotected, stolenKey, secretKey],
  );
  const plain = useMemo(() => binsOf(unprotected.histogram, 'Cosine similarity'), [unprotected]);
  const stolen = useMemo(() => binsOf(stolenKey.histogram, 'Similarity of templates'), [stolenKey]);
  const linked = useMemo(() => {
    const { edges, mated, nonMated } = unlinkability.densities;
    return {
      edges,
      series: [
        { id: 'other', title: 'different people', colour: 'training' as const, counts: nonMated },
        { id: 'same', title: 'the same person', colour: 'generated' as const, dashed: true, counts: mated },
      ],
      xLabel: 'Similarity of templates under different keys',
      threshold: null,
    };
  }, [unlinkability]);
  return (
    <Section id={`scheme-${name}`} title={visibleText(title)} lead={visibleText(source)}>
      {patent !== null && <p className="note">Patent: {visibleText(patent)}.</p>}
      <RatesFigure
        name={`rates-${name}`}
        series={series}
        label={`Error rates of ${title}: equal error rate ${rate(unprotected)} unprotected, ${rate(stolenKey)} with the key stolen, ${rate(secretKey)} with secret keys`}
      />
      <ScoresFigure title="Scores without protection" bins={plain} caption="Comparisons of embeddings as they are." />
      <ScoresFigure
        title="Scores with the key stolen"
        bins={stolen}
        caption="Templates under one key, which the impostor has too: what is left of recognition when keys do not help."
      />
      <ScoresFigure
        title="Unlinkability"
        bins={linked}
        caption={`Templates of one person and of different people under independent keys. D↔sys is ${unlinkability.dSys.toFixed(3)}; 95 % of what chance gives lies below ${unlinkability.null95.toFixed(3)} (people dealt out at random), its mean is ${unlinkability.nullMean.toFixed(3)}. Maximal linkability ${unlinkability.maximal.toFixed(3)} bits.`}
      />
      <AttackTable title={title} attacks={scheme.attacks} />
    </Section>
  );
}

const rate = ({ eer }: Scheme['unprotected']): string => (eer.value === null ? 'not known' : formatShare(eer.value));

function binsOf({ edges, genuine, impostor }: Scheme['unprotected']['histogram'], xLabel: string) {
  return {
    edges,
    series: [
      { id: 'impostor', title: 'different people', colour: 'training' as const, counts: impostor },
      { id: 'genuine', title: 'the same person', colour: 'generated' as const, counts: genuine },
    ],
    xLabel,
    threshold: null,
  };
}
