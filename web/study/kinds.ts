import type { GeneratorKind, StudyReport, StudyResult } from '../../src/ground/contracts/study.ts';
import type { BarStyle } from '../components/share-bars.ts';

/** What a kind of generator is called, and how its bars and lines look: filled and open tell the two apart without colours. */
export const KINDS: Readonly<Record<GeneratorKind, { readonly title: string; readonly style: BarStyle }>> = {
  gan: { title: 'GAN', style: 'generated-open' },
  diffusion: { title: 'Diffusion model', style: 'generated' },
};

/** The result of one kind at one size; undefined where that was not trained. */
export function resultOf({ results }: StudyReport, kind: GeneratorKind, size: number): StudyResult | undefined {
  return results.find(result => result.kind === kind && result.size === size);
}
