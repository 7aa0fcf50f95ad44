import type { Finding, TemplateReport } from '../../ground/contracts/index.ts';

const percent = (value: number | null): string =>
  value === null ? 'not known' : `${Number((100 * value).toPrecision(3))} %`;

/** What an evaluation says of each scheme in plain words. */
export function writeTemplateVerdict(schemes: TemplateReport['schemes']): Finding[] {
  return Object.values(schemes).map(({ title, unprotected, stolenKey, secretKey, unlinkability, claims }) => {
    const failed = claims.filter(({ claim }) => claim === 'fails').map(({ adversary }) => adversary);
    const held = claims.filter(({ claim }) => claim === 'holds').map(({ adversary }) => adversary);
    const linked = failed.includes('database thief');
    return {
      subject: title,
      level: linked ? 'bad' : failed.length > 0 ? 'warning' : 'unknown',
      headline: linked
        ? `${title}: templates of one person under different keys can be linked.`
        : `${title}: ${held.length === 0 ? 'nothing holds' : `holds against a ${held.join(' and a ')}`}${failed.length === 0 ? '' : `, fails against a ${failed.join(' and a ')}`}.`,
      certainty: `Equal error rate ${percent(unprotected.eer.value)} unprotected, ${percent(secretKey.eer.value)} with secret keys, ${percent(stolenKey.eer.value)} with the key stolen. D↔sys ${unlinkability.dSys.toFixed(3)}, 95 % of chance below ${unlinkability.null95.toFixed(3)}.`,
    };
  });
}

/** What attacks say of each scheme in plain words. */
export function attackFindings(
  schemes: Readonly<
    Record<string, { readonly title: string; readonly attacks: TemplateReport['schemes'][string]['attacks'] }>
  >,
): Finding[] {
  return Object.values(schemes).map(({ title, attacks }) => {
    const known = attacks.filter(({ recognised }) => recognised.value !== null);
    const best = [...known].sort((a, b) => b.recognised.value! - a.recognised.value!)[0];
    const share = best?.recognised.value ?? null;
    return {
      subject: title,
      level: share === null ? 'unknown' : share > 0.05 ? 'bad' : 'warning',
      headline:
        best === undefined
          ? `${title} was not attacked by anything that finds a face.`
          : `${title}: ${best.attack}${best.variant === null ? '' : ` (${best.variant})`} gets ${percent(share)} of the people recognised.`,
      certainty:
        best === undefined
          ? 'Only attacks that link or guess were run.'
          : `Cosine to the face ${best.similarity.value?.toFixed(2)} over ${best.recognised.n} people. It needs ${best.needs}. That an attack does not succeed within its budget proves nothing.`,
    };
  });
}
