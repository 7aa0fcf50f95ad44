import {
  type FederationMember,
  type FederationReport,
  missingMetric,
  type ServedRound,
} from '../../../ground/contracts/index.ts';
import type { Situation } from '../coordinator/serving.ts';
import { planCohort, thresholdOf } from '../secure/parameters.ts';
import type { Roster } from '../secure/record.ts';
import type { FederationConfiguration } from './configuration.ts';
import type { FederationItem } from './items.ts';

export interface Reported {
  readonly settings: FederationConfiguration;
  readonly roster: Roster;
  readonly session: string;
  readonly address: string;
  readonly rounds: readonly FederationItem[];
  /** Clients that have come since the coordinator was started. */
  readonly seen: ReadonlySet<number>;
  readonly situation: Situation;
  readonly digest: string;
  readonly parameters: number;
}

/** What ends a federation. */
export interface Ended {
  /** The final model, in `artifacts/`. */
  readonly file: string;
}

function membersOf({ roster, rounds, seen, situation }: Reported): FederationMember[] {
  const { here, bytesOf, round: now } = situation;
  const present = new Set(here);
  const isNow = !rounds.some(({ round }) => round === now);
  const members = roster.members.map(({ name }, client): FederationMember => {
    const state = present.has(client) ? 'here' : seen.has(client) ? 'away' : 'never';
    // Of the round under way; those that are over come below.
    const { up, down } = isNow ? bytesOf(client) : { up: 0, down: 0 };
    return { name, state, summed: 0, lost: 0, bytesUp: up, bytesDown: down };
  });
  for (const round of rounds)
    for (const { client, summed, bytesUp, bytesDown } of round.members) {
      const member = members[client];
      if (member === undefined) continue;
      if (summed) member.summed++;
      else member.lost++;
      member.bytesUp += bytesUp;
      member.bytesDown += bytesDown;
    }
  return members;
}

function nowOf({ settings, roster, situation }: Reported): FederationReport['now'] {
  const { round, step, awaited } = situation;
  const names = awaited.map(client => roster.members[client]?.name ?? String(client));
  return { round, step, awaited: names, least: settings.clients };
}

const roundOf = ({ type: _type, members: _members, ...round }: FederationItem): ServedRound => round;

function privacyOf({ settings, rounds }: Reported, ended: Ended | null): FederationReport['privacy'] {
  const { noise, clip, delta, budget = null } = settings;
  if (noise === undefined) return null;
  const spent = ended !== null && (rounds.at(-1)?.round ?? 0) < settings.rounds;
  return { delta, noise, clip, budget, spent, ledger: 'ledger.jsonl' };
}

function settingsOf(settings: FederationConfiguration): FederationReport['settings'] {
  const { state: _state, key: _key, flowerKey: _flowerKey, clip, delta, budget, ...others } = settings;
  const shown = settings.noise === undefined ? others : { ...others, clip, delta, budget };
  return Object.fromEntries(
    Object.entries(shown).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** What hides updates; null where a robust rule reads them. */
function aggregationOf({ rule, clients, dropout, corrupt }: FederationConfiguration): FederationReport['aggregation'] {
  if (rule !== 'mean') return null;
  const cohort = planCohort(clients, { dropout, corrupt });
  return {
    neighbours: cohort.neighbours,
    threshold: thresholdOf(cohort.neighbours, cohort),
    corrupt: Math.floor(corrupt * cohort.n),
    mayDrop: cohort.mayDrop,
    smallestSum: cohort.smallestSum,
  };
}

/** A federation as far as it is, or with `ended` its result. */
export function buildFederationReport(reported: Reported, ended: Ended | null): FederationReport {
  const { settings, session, address, rounds, digest, parameters } = reported;
  const { model } = settings;
  const last = rounds.at(-1);
  return {
    schema: 'biolens/federation@1',
    session,
    address,
    model: { name: model, parameters, file: ended?.file ?? null },
    planned: settings.rounds,
    members: membersOf(reported),
    rounds: rounds.map(roundOf),
    now: ended === null ? nowOf(reported) : null,
    accuracy: last?.accuracy ?? missingMetric('no round has been played'),
    aggregation: aggregationOf(settings),
    rule: settings.rule === 'mean' ? null : { name: settings.rule, poisoned: settings.poisoned },
    epsilon: last?.epsilon ?? null,
    privacy: privacyOf(reported, ended),
    digest,
    settings: settingsOf(settings),
  };
}
