import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LabelledBins, type PlotArea, placeBinLabels } from '../../web/components/chart-labels.ts';

const area: PlotArea = { left: 50, right: 900, top: 30, bottom: 300, domain: [0, 1], highest: 0.2 };
const bins = 50;
const edges = Array.from({ length: bins + 1 }, (_, i) => i / bins);
const bell = (centre: number, height: number): number[] =>
  edges.slice(0, -1).map(edge => height * Math.exp(-((edge + 0.01 - centre) ** 2) / 0.01));

describe('names of curves', () => {
  test('three curves with nearly one peak get three lines, the highest first, right of the slope', () => {
    const series: LabelledBins[] = [
      { name: 'a', shares: bell(0.44, 0.19) },
      { name: 'b', shares: bell(0.43, 0.2) },
      { name: 'c', shares: bell(0.46, 0.17) },
    ];
    const placed = placeBinLabels(series, edges, area);
    expect(placed.map(({ name }) => name)).toEqual(['b', 'a', 'c']);
    expect(placed.every(({ anchor }) => anchor === 'start')).toBe(true);
    expect(placed[1]!.y - placed[0]!.y).toBeGreaterThanOrEqual(15);
    expect(placed[2]!.y - placed[1]!.y).toBeGreaterThanOrEqual(15);
  });

  test('a peak at the right edge is named on its left', () => {
    const [placed] = placeBinLabels([{ name: 'a', shares: bell(0.98, 0.2) }], edges, area);
    expect(placed?.anchor).toBe('end');
    expect(placed?.x).toBeLessThan(50 + 0.98 * 850);
  });

  test('labels stay in the drawing and never share a line', () => {
    const shares = fc.array(fc.double({ min: 0, max: 0.2, noNaN: true }), { minLength: bins, maxLength: bins });
    fc.assert(
      fc.property(fc.array(shares, { minLength: 1, maxLength: 3 }), curves => {
        const placed = placeBinLabels(
          curves.map((values, i) => ({ name: String(i), shares: values })),
          edges,
          area,
        );
        expect(placed).toHaveLength(curves.length);
        for (const { x, y } of placed) {
          expect(x).toBeGreaterThan(0);
          expect(x).toBeLessThanOrEqual(area.right);
          expect(y).toBeGreaterThanOrEqual(area.top);
          expect(y).toBeLessThanOrEqual(area.bottom);
        }
        const lines = placed.map(({ y }) => y).sort((a, b) => a - b);
        for (let i = 1; i < lines.length; i++) expect(lines[i]! - lines[i - 1]!).toBeGreaterThanOrEqual(15);
      }),
    );
  });
});
