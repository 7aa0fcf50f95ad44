import type { Question } from '../../../ground/contracts/bench.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { openFaceAnalyser } from '../../../kit/faces/index.ts';
import { suggest } from '../../../kit/job/index.ts';
import { type OpenModelOptions, openModel, SPEC_FORMS } from '../../../kit/vlm/index.ts';
import { type Answerer, createModelAnswerer } from '../ask/answerer.ts';
import { createFrequentAnswerer, createRandomAnswerer } from '../ask/baselines.ts';
import { usesTools } from '../ask/prompt.ts';
import type { AskSettings } from '../ask/settings.ts';
import { createFaceSight, type FaceSight } from './face-sight.ts';
import { createFaceTools } from './face-tools.ts';
import { LOCAL_ANSWERERS } from './local-answerers.ts';
import { createSpecialist } from './specialist.ts';

export interface OpenAnswererOptions extends OpenModelOptions {
  readonly settings: AskSettings;
  /** All questions with their right answers; only `frequent` looks at them. */
  readonly questions: Iterable<Question>;
}

/**
 * Opens whatever `--model` names: `specialist`, `random`, `frequent`, or a vision-language model (see `openModel`). In
 * the tools setting a model may call the built-in face networks, which are opened at the first call.
 *
 * @throws BiolensError `usage` for a name that is none, `input` where a hosted model has no key
 */
export function openAnswerer(spec: string, options: OpenAnswererOptions): Answerer {
  const { settings, questions } = options;
  const { seed } = settings;
  switch (spec) {
    case 'specialist':
      return createSpecialist({ seed });
    case 'random':
      return createRandomAnswerer({ seed });
    case 'frequent':
      return createFrequentAnswerer(questions);
    default:
      if (!spec.includes(':')) {
        const expected = `${LOCAL_ANSWERERS.join(', ')}, ${SPEC_FORMS}`;
        throw new BiolensError('usage', `"model" expected ${expected}, got "${spec}"${suggest(spec, LOCAL_ANSWERERS)}`);
      }
      return usesTools(settings.setting) ? openWithTools(spec, options) : openPlain(spec, options);
  }
}

function openPlain(spec: string, options: OpenAnswererOptions): Answerer {
  return createModelAnswerer(openModel(spec, options), { settings: options.settings });
}

function openWithTools(spec: string, options: OpenAnswererOptions): Answerer {
  let opening: Promise<FaceSight> | undefined;
  const tools = createFaceTools(() => {
    opening ??= openFaceAnalyser().then(createFaceSight);
    return opening;
  });
  const answerer = createModelAnswerer(openModel(spec, options), { settings: options.settings, tools });
  return {
    ...answerer,
    async close() {
      await answerer.close?.();
      await (await opening)?.close();
    },
  };
}
