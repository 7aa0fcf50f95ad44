import type { StudyKind, StudyReport, StudyResult } from '../../src/ground/contracts/study.ts';
import type { BarStyle } from '../components/share-bars.ts';

/** What a kind of generator is called, and how its bars and lines look: filled and open tell them apart without colours. */
export const KINDS: Readonly<Record<StudyKind, { readonly title: string; readonly style: BarStyle }>> = {
  gan: { title: 'GAN', style: 'generated-open' },
  diffusion: { title: 'Diffusion model', style: 'generated' },
  command: { title: 'Your command', style: 'other' },
};

/** The result of one kind at one size; undefined where that was not trained. */
export function resultOf({ results }: StudyReport, kind: StudyKind, size: number): StudyResult | undefined {
  return results.find(result => result.kind === kind && result.size === size);
}
