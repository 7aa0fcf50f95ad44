import { BiolensError } from '../../ground/errors.ts';
import type { ModelSpec } from './parse-spec.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const HOSTED_KEYS = {
  openai: ['OPENAI_API_KEY'],
  google: ['GOOGLE_GENERATIVE_AI_API_KEY', 'GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  anthropic: ['ANTHROPIC_API_KEY'],
} as const;

/**
 * Variables that hold the key of a well-known host. A key goes only to the host it is for: an address that somebody
 * typed never gets the OpenAI key.
 */
const HOST_KEYS: readonly { readonly host: RegExp; readonly names: readonly string[] }[] = [
  { host: /(^|\.)openrouter\.ai$/, names: ['OPENROUTER_API_KEY'] },
  { host: /(^|\.)openai\.com$/, names: ['OPENAI_API_KEY'] },
  { host: /(^|\.)together\.(ai|xyz)$/, names: ['TOGETHER_API_KEY'] },
  { host: /(^|\.)mistral\.ai$/, names: ['MISTRAL_API_KEY'] },
  { host: /(^|\.)groq\.com$/, names: ['GROQ_API_KEY'] },
];

/** The environment variables in which the key for a model is looked up, the first that is set wins. */
export function keyVariables({ provider, baseUrl }: ModelSpec): readonly string[] {
  if (provider === 'ollama') return [];
  if (provider !== 'openai-compatible') return HOSTED_KEYS[provider];
  const known = HOST_KEYS.filter(({ host }) => host.test(baseUrl?.hostname ?? '')).flatMap(({ names }) => names);
  return [...known, 'OPENAI_COMPATIBLE_API_KEY'];
}

/**
 * The key for a model from the environment; undefined where a local server needs none.
 *
 * @throws BiolensError `input` where a hosted model has none; the message names the variable.
 */
export function findKey(spec: ModelSpec, environment: Environment): string | undefined {
  const names = keyVariables(spec);
  const key = names.map(name => environment[name]?.trim()).find(value => value !== undefined && value !== '');
  if (key === undefined && spec.baseUrl === null) {
    throw new BiolensError('input', `${spec.provider}:${spec.model} needs a key: set ${names.join(' or ')}`);
  }
  return key;
}
