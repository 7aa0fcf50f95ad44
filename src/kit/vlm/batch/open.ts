import { BiolensError } from '../../../ground/errors.ts';
import { findKey } from '../keys.ts';
import type { OpenModelOptions } from '../open.ts';
import { formatModelSpec, parseModelSpec, withoutTrailingSlashes } from '../parse-spec.ts';
import { createRedactor } from '../redact.ts';
import { createAnthropicBatches } from './anthropic-batches.ts';
import type { BatchClient } from './client.ts';
import { createExchange } from './exchange.ts';
import { createGoogleBatches } from './google-batches.ts';
import { createOpenAiBatches } from './openai-batches.ts';

const ANTHROPIC_VERSION = '2023-06-01';

/**
 * Opens the batch interface of a model: of OpenAI, Anthropic, Google, or of an endpoint that has taken over OpenAI's. Nothing is sent.
 *
 * @throws {BiolensError} `usage` for a model without one, `input` where the key is missing
 */
export function openBatches(spec: string, options: Omit<OpenModelOptions, 'api'> = {}): BatchClient {
  const parsed = parseModelSpec(spec);
  const environment = options.environment ?? process.env;
  if (parsed.provider === 'ollama')
    throw new BiolensError(
      'usage',
      '"batch" expected a model of OpenAI, Anthropic or Google, or an endpoint with /batches, got ollama',
    );
  const apiKey = options.apiKey ?? findKey(parsed, environment);
  const id = formatModelSpec(parsed);
  const redactor = createRedactor(apiKey === undefined ? [] : [apiKey]);
  const at = (address: string | URL, headers: Readonly<Record<string, string>>) => {
    const baseUrl = new URL(address);
    return {
      id,
      model: parsed.model,
      redactor,
      basePath: withoutTrailingSlashes(baseUrl.pathname),
      exchange: createExchange({ baseUrl, headers, redactor, fetch: options.fetch }),
    };
  };
  const bearer: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  switch (parsed.provider) {
    case 'anthropic':
      // The same variables lead plain questions to a gateway, which is where these have to go too.
      return createAnthropicBatches(
        at(environment.ANTHROPIC_BASE_URL || 'https://api.anthropic.com/v1', {
          'x-api-key': apiKey ?? '',
          'anthropic-version': ANTHROPIC_VERSION,
        }),
      );
    case 'google':
      return createGoogleBatches(
        at('https://generativelanguage.googleapis.com/v1beta', { 'x-goog-api-key': apiKey ?? '' }),
      );
    case 'openai':
      return createOpenAiBatches({
        ...at(environment.OPENAI_BASE_URL || 'https://api.openai.com/v1', bearer),
        priceFactor: 0.5,
        // Its newer models refuse the old name, and all take the new one.
        changes: ['max_completion_tokens'],
      });
    default:
      return createOpenAiBatches({ ...at(parsed.baseUrl ?? '', bearer), priceFactor: null, changes: [] });
  }
}
