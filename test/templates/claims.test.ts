import { describe, expect, test } from 'vitest';
import { randomKey } from '../../src/ground/math/index.ts';
import { MODE_CLAIMS } from '../../src/jobs/templates/encrypted/index.ts';
import {
  ADVERSARIES,
  attackScheme,
  CLAIM_TESTS,
  claimsOf,
  evaluateScheme,
  findScheme,
} from '../../src/jobs/templates/index.ts';
import { numberPersons, unitRows } from '../../src/jobs/verification/index.ts';
import { drawPeople } from '../verification/people.ts';

const drawn = drawPeople({ people: 30, each: 3, noise: 0.7 });
const centre = new Float64Array(64).fill(0.3);
const unit = unitRows(drawn.matrix, centre);
const persons = numberPersons(drawn.identities);
const strangers = unitRows(drawPeople({ people: 200, each: 1, noise: 0, seed: 21 }).matrix, centre);
const secret = new Uint8Array(32).fill(9);
const common = { unit, persons, secret, key: randomKey(4), workingFmr: 0.01 };

const attack = (
  name: string,
  attacks: Parameters<typeof attackScheme>[2],
  { budget = 1500, threshold = 0.7, targets = 6 } = {},
) =>
  Array.fromAsync(
    attackScheme(findScheme(name), { ...common, strangers, targets, budget, plainThreshold: 0.4, threshold }, attacks),
  );

describe('claims', () => {
  test('a database without keys links nothing', async () => {
    for (const name of ['biohash', 'bloom-filter']) {
      const { unlinkability, renewability } = await evaluateScheme(findScheme(name), { ...common, keys: 1 });
      expect(unlinkability.dSys, name).toBeLessThanOrEqual(unlinkability.null95);
      // A renewed template is as good as a stranger's.
      expect(renewability.accepted.value, name).toBeLessThan(0.05);
    }
  });

  test('a scheme that ignores its key is seen to link', async () => {
    const careless = { ...findScheme('random-projection'), name: 'careless' };
    const fixed = new Uint8Array(32).fill(1);
    const { unlinkability } = await evaluateScheme(
      { ...careless, open: (_, width) => careless.open(fixed, width) },
      { ...common, keys: 1 },
    );
    expect(unlinkability.dSys).toBeGreaterThan(0.8);
    expect(claimsOf({ unlinkability }, [])[0]).toMatchObject({ claim: 'fails' });
  });

  test('a thief with keys gets the face back', async () => {
    for (const name of ['biohash', 'biohash-zero', 'iom-grp', 'random-projection', 'salting', 'sectored-projection']) {
      const [inversion] = await attack(name, ['inversion']);
      expect(inversion!.recognised.value, name).toBeGreaterThan(0.6);
      expect(inversion!.similarity.value, name).toBeGreaterThan(0.6);
      expect(inversion!.queries).toBeNull();
    }
    // No closed form is known: a search does it.
    for (const name of ['mlp-hash', 'bloom-filter']) {
      const [searched] = await attack(name, ['inversion'], { budget: 600, targets: 3 });
      expect(searched!.similarity.value, name).toBeGreaterThan(0.2);
    }
  });

  test('more leaked templates, a better face; and what was inverted can be linked', async () => {
    const results = await attack('biohash', ['inversion', 'leaked-templates', 'linking'], { targets: 12 });
    const cosines = results.slice(0, 4).map(({ similarity }) => similarity.value!);
    expect([...cosines].sort((a, b) => a - b)).toEqual(cosines);
    expect(results.at(-1)!.dSys).toBeGreaterThan(0.4);
  });

  test('a client that may ask without a limit climbs to the face', async () => {
    const [scores] = await attack('biohash', ['hill-climbing']);
    expect(scores).toMatchObject({ queries: expect.any(Number) });
    expect(scores!.recognised.value).toBeGreaterThan(0.9);
    const [decisions] = await attack('biohash', ['decisions'], { budget: 3000, threshold: 0.62 });
    expect(decisions!.recognised.value).toBeGreaterThan(0.3);
    // With a budget such as a lock-out leaves there is nothing to climb on.
    const [limited] = await attack('biohash', ['decisions'], { budget: 5, threshold: 0.7 });
    expect(limited!.recognised.value).toBeLessThan(0.1);
  });

  test('strangers alone: none of them is the person, and a lenient threshold lets some in', async () => {
    const [strict] = await attack('biohash', ['dictionary'], { threshold: 0.75 });
    const [lenient] = await attack('biohash', ['dictionary'], { threshold: 0.55 });
    expect(lenient!.accepted.value!).toBeGreaterThan(strict!.accepted.value!);
    const [portrait] = await attack('biohash', ['nearest-portrait']);
    expect(portrait!.similarity.value!).toBeLessThan((await attack('biohash', ['inversion']))[0]!.similarity.value!);
  });

  test('nothing is claimed against a server that lies', async () => {
    const { unlinkability } = await evaluateScheme(findScheme('salting'), { ...common, keys: 1 });
    const claims = claimsOf(
      { unlinkability },
      await attack('salting', ['inversion', 'hill-climbing'], { threshold: -0.6 }),
    );
    expect(claims.map(({ adversary }) => adversary)).toEqual(ADVERSARIES);
    expect(claims.find(({ adversary }) => adversary === 'server that lies')?.claim).toBe('not claimed');
    expect(claims.find(({ adversary }) => adversary === 'thief with keys')?.claim).toBe('fails');
    // An attack that did not succeed is no claim.
    expect(claims.every(({ claim, adversary }) => claim !== 'holds' || adversary === 'database thief')).toBe(true);
  });
});

test('every claim names a test that is here', async () => {
  const { readFile } = await import('node:fs/promises');
  const { resolve } = await import('node:path');
  const modes = Object.values(MODE_CLAIMS);
  // Every mode answers for every adversary.
  for (const claims of modes) expect(claims.map(({ adversary }) => adversary).sort()).toEqual([...ADVERSARIES].sort());
  for (const named of [...Object.values(CLAIM_TESTS), ...modes.flat().map(({ test: name }) => name)]) {
    const [file = ''] = named.split(': ');
    const name = named.slice(file.length + 2);
    const text = await readFile(resolve(import.meta.dirname, '../..', file), 'utf8');
    expect(text.includes(`test('${name}'`) || text.includes(`describe('${name}'`), named).toBe(true);
  }
});
