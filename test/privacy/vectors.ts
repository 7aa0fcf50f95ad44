import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { type ByteSource, type PrivacyEvent, privacyEvent, RandomIntegers } from '../../src/kit/privacy/index.ts';

const release = z.object({ noise: z.number(), rate: z.number(), steps: z.number() });
const curve = z.object({
  noise: z.number(),
  rate: z.number(),
  orders: z.array(z.number()),
  rdp: z.array(z.number().nullable()),
});

/** Numbers of dp-accounting 0.6.0, made by fixtures/make.py. */
export const DP_ACCOUNTING = z
  .object({
    table: z.array(
      release.extend({
        delta: z.number(),
        rdp: z.number(),
        order: z.number(),
        pld: z.number(),
        pldOptimistic: z.number(),
      }),
    ),
    mixed: z.object({
      parts: z.array(release),
      delta: z.number(),
      rdp: z.number(),
      order: z.number(),
      pld: z.number(),
    }),
    poisson: z.array(curve),
    withoutReplacement: z.array(curve),
    gaussianNoise: z.array(z.object({ epsilon: z.number(), delta: z.number(), noise: z.number() })),
  })
  .parse(JSON.parse(readFileSync(resolve(import.meta.dirname, 'fixtures/dp-accounting.json'), 'utf8')));

/** The same bytes in every run: the key stream of AES-256-CTR. */
export function fixedBytes(seed: number): ByteSource {
  const cipher = createCipheriv('aes-256-ctr', Buffer.alloc(32, seed), Buffer.alloc(16));
  return target => target.set(cipher.update(new Uint8Array(target.length)));
}

export const fixedIntegers = (seed: number): RandomIntegers => new RandomIntegers(fixedBytes(seed));

/** The event of noise on a sample: `noise` is its deviation over the sensitivity. */
export function sampledEvent(
  { noise, rate, steps }: { readonly noise: number; readonly rate: number; readonly steps: number },
  more: { readonly released?: string } = {},
): PrivacyEvent {
  return privacyEvent({
    mechanism: 'gaussian',
    unit: 'example',
    purpose: 'update',
    released: more.released ?? 'sum of clipped gradients',
    to: 'server',
    sampling: rate < 1 ? 'poisson' : 'none',
    samplingRate: rate,
    steps,
    noiseStdDev: noise,
    sensitivity: 1,
  });
}
