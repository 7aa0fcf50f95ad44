import { BiolensError } from '../../ground/errors.ts';

export type Provider = 'openai-compatible' | 'ollama' | 'openai' | 'google' | 'anthropic';

/** What a model specification such as `openai-compatible:http://localhost:8000/v1#qwen2.5-vl-7b` names. */
export interface ModelSpec {
  readonly provider: Provider;
  /** The model's name at the provider. */
  readonly model: string;
  /** Where the server is; null for the providers whose address the SDK knows. */
  readonly baseUrl: URL | null;
}

/** An address without the slashes at its end. */
export function withoutTrailingSlashes(text: string): string {
  let end = text.length;
  while (text[end - 1] === '/') end--;
  return text.slice(0, end);
}

const OLLAMA_URL = 'http://localhost:11434/v1';

export const SPEC_FORMS = 'openai-compatible:URL#MODEL, ollama:MODEL, openai:MODEL, google:MODEL or anthropic:MODEL';

const isHosted = (name: string): name is 'openai' | 'google' | 'anthropic' =>
  name === 'openai' || name === 'google' || name === 'anthropic';

/**
 * Reads a model specification.
 *
 * @throws BiolensError `usage` that says what is wrong and what the forms are; keys inside an address are refused,
 *   because the specification is written into the run.
 */
export function parseModelSpec(spec: string): ModelSpec {
  const colon = spec.indexOf(':');
  const provider = colon < 0 ? spec : spec.slice(0, colon);
  const rest = colon < 0 ? '' : spec.slice(colon + 1);
  if (provider === 'openai-compatible') return parseEndpoint(rest);
  if (provider !== 'ollama' && !isHosted(provider)) {
    throw new BiolensError('usage', `"model" expected ${SPEC_FORMS}, got "${provider}:…"`);
  }
  if (rest === '') throw new BiolensError('usage', `"model" expected a name after "${provider}:"`);
  return { provider, model: rest, baseUrl: provider === 'ollama' ? new URL(OLLAMA_URL) : null };
}

function parseEndpoint(rest: string): ModelSpec {
  const hash = rest.indexOf('#');
  const model = hash < 0 ? '' : rest.slice(hash + 1);
  const address = hash < 0 ? rest : rest.slice(0, hash);
  if (model === '') throw new BiolensError('usage', '"model" expected openai-compatible:URL#MODEL, got no "#MODEL"');
  if (!URL.canParse(address)) {
    throw new BiolensError('usage', '"model" expected an http or https address after "openai-compatible:"');
  }
  const baseUrl = new URL(address);
  if (baseUrl.protocol !== 'http:' && baseUrl.protocol !== 'https:') {
    throw new BiolensError('usage', `"model" expected an http or https address, got ${baseUrl.protocol}`);
  }
  if (baseUrl.username !== '' || baseUrl.password !== '' || baseUrl.search !== '') {
    const message =
      '"model" expected an address without user, password or query; give the key in OPENAI_COMPATIBLE_API_KEY';
    throw new BiolensError('usage', message);
  }
  return { provider: 'openai-compatible', model, baseUrl };
}

/** The specification in one spelling, under which answers are filed. */
export function formatModelSpec({ provider, model, baseUrl }: ModelSpec): string {
  if (provider !== 'openai-compatible' || baseUrl === null) return `${provider}:${model}`;
  return `openai-compatible:${withoutTrailingSlashes(baseUrl.href)}#${model}`;
}
