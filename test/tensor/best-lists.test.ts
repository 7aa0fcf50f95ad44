import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BestLists } from '../../src/kit/tensor/neighbours/best-lists.ts';

const offers = fc.array(
  fc.record({ query: fc.integer({ min: 0, max: 2 }), value: fc.constantFrom(-2, -1, 0, 0.5, 1, Number.NaN) }),
  { maxLength: 60 },
);

test('keeps what sorting everything would keep, in whatever order it is offered', () => {
  fc.assert(
    fc.property(offers, fc.integer({ min: 1, max: 9 }), fc.boolean(), (given, size, backwards) => {
      const all = given.map((offer, id) => ({ ...offer, id }));
      const lists = new BestLists(3, size);
      for (const { query, value, id } of backwards ? all.toReversed() : all) lists.offer(query, value, id);
      const expected = [0, 1, 2].map(query =>
        all
          .filter(offer => offer.query === query && !Number.isNaN(offer.value))
          .sort((a, b) => b.value - a.value || a.id - b.id)
          .slice(0, size),
      );
      expected.forEach((list, query) => {
        expect(lists.sorted(query)).toEqual(list.map(({ value, id }) => ({ value, id })));
        if (list.length === size) expect(lists.worst(query)).toBe(list.at(-1)!.value);
      });
      expect([...lists.byId()]).toEqual(
        expected
          .flat()
          .map(({ id, query }) => ({ id, query }))
          .sort((a, b) => a.id - b.id),
      );
    }),
    { seed: 21 },
  );
});
