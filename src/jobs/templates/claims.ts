import type { AttackResult } from './attacks/attack-scheme.ts';
import type { SchemeEvaluation } from './evaluate.ts';

/** Who a claim is made against. */
export const ADVERSARIES = ['database thief', 'thief with keys', 'client that asks', 'server that lies'] as const;
export type Adversary = (typeof ADVERSARIES)[number];

export interface Claim {
  readonly adversary: Adversary;
  readonly claim: 'holds' | 'fails' | 'not claimed';
  /** What was measured. */
  readonly because: string;
  /** The test that backs it: its file and its name. */
  readonly test: string;
}

/** More targets recognised than this, and an attack has succeeded. */
const SUCCESS = 0.05;

/** Tests that back claims. */
export const CLAIM_TESTS: Readonly<Record<Adversary, string>> = {
  'database thief': 'test/templates/claims.test.ts: a database without keys links nothing',
  'thief with keys': 'test/templates/claims.test.ts: a thief with keys gets the face back',
  'client that asks': 'test/templates/claims.test.ts: a client that may ask without a limit climbs to the face',
  'server that lies': 'test/templates/claims.test.ts: nothing is claimed against a server that lies',
};

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

function byAttack(
  adversary: Adversary,
  attacks: readonly AttackResult[],
  names: readonly AttackResult['attack'][],
): Claim {
  const tried = attacks.filter(({ attack, recognised }) => names.includes(attack) && recognised.value !== null);
  const test = CLAIM_TESTS[adversary];
  const best = [...tried].sort((a, b) => b.recognised.value! - a.recognised.value!)[0];
  if (best === undefined) return { adversary, claim: 'not claimed', because: 'not attacked in this run', test };
  const { attack, variant, recognised, similarity } = best;
  const because = `${attack}${variant === null ? '' : ` (${variant})`}: ${percent(recognised.value!)} of ${recognised.n} recognised, cosine ${similarity.value?.toFixed(2)}`;
  // That an attack did not succeed within its budget proves nothing, so it is no claim.
  return { adversary, claim: recognised.value! > SUCCESS ? 'fails' : 'not claimed', because, test };
}

/** What can be claimed of a scheme after it was measured and attacked: who is held off, and who is not. */
export function claimsOf(
  { unlinkability: { dSys, null95 } }: Pick<SchemeEvaluation, 'unlinkability'>,
  attacks: readonly AttackResult[],
): Claim[] {
  return [
    {
      adversary: 'database thief',
      claim: dSys <= null95 ? 'holds' : 'fails',
      because: `D↔sys ${dSys.toFixed(3)} with independent keys, 95 % of chance below ${null95.toFixed(3)}`,
      test: CLAIM_TESTS['database thief'],
    },
    byAttack('thief with keys', attacks, ['inversion', 'leaked-templates', 'nearest-portrait']),
    byAttack('client that asks', attacks, ['hill-climbing', 'decisions']),
    {
      adversary: 'server that lies',
      claim: 'not claimed',
      because: 'a protected template proves nothing of what a server answers',
      test: CLAIM_TESTS['server that lies'],
    },
  ];
}
