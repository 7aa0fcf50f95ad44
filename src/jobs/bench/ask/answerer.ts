import { createHash } from 'node:crypto';
import type { ModelRequest, ModelTool, PreparedImage, Reply, VisionLanguageModel } from '../../../kit/vlm/index.ts';
import type { PosedQuestion } from './posed-question.ts';
import { buildParts, buildText, usesTools } from './prompt.ts';
import type { AskSettings } from './settings.ts';

/** A reply to a question; `fallback` marks one that was drawn at chance because the question is beyond the answerer. */
export type GivenReply = Reply & { readonly fallback?: boolean };

export interface AnswerContext {
  /** The question's images in their order, ready to be sent; empty where `seesPictures` is false. */
  readonly pictures: readonly PreparedImage[];
  readonly signal: AbortSignal;
}

/** Whatever answers questions: a model behind an endpoint, a rule, or the built-in face networks. */
export interface Answerer {
  /** What answers are filed under. */
  readonly id: string;
  /** Whether images have to be loaded for it. */
  readonly seesPictures: boolean;
  /** Requests at a time that suit it; null where that is to be found out. */
  readonly concurrency: number | null;
  /**
   * SHA-256 of all that decides the answer: the text, the settings, the names of the images and the rule they are
   * prepared by.
   */
  digest(posed: PosedQuestion): string;
  answer(posed: PosedQuestion, context: AnswerContext): Promise<GivenReply>;
  close?(): void | Promise<void>;
}

/** The tools that go with one question, which see its images. */
export type ToolsFor = (posed: PosedQuestion, pictures: readonly PreparedImage[]) => readonly ModelTool[];

export interface ModelAnswererOptions {
  readonly settings: AskSettings;
  /** Needed for the `tools` setting. */
  readonly tools?: ToolsFor;
}

/** A vision-language model that is sent the prompt of the question. */
export function createModelAnswerer(model: VisionLanguageModel, { settings, tools }: ModelAnswererOptions): Answerer {
  const { system, temperature, maxOutputTokens, seed, alternatives, imageLayout, imageRule } = settings;
  return {
    id: model.id,
    seesPictures: true,
    concurrency: null,
    digest(posed) {
      const offered = usesTools(posed.setting)
        ? tools?.(posed, []).map(({ name, description, parameters }) => ({ name, description, parameters }))
        : undefined;
      return digestOf({
        text: buildText(posed),
        images: posed.question.images.map(({ path, cell }) => ({ path, cell })),
        ...{ system, temperature, maxOutputTokens, alternatives, imageLayout, imageRule, tools: offered },
        seed: seed + posed.repeat,
      });
    },
    answer(posed, { pictures, signal }) {
      return model.ask({
        ...modelRequest(posed, { pictures, settings }),
        ...(usesTools(posed.setting) ? { tools: tools?.(posed, pictures) ?? [] } : {}),
        signal,
      });
    },
    close: () => model.close?.(),
  };
}

/** What a model is sent of a question, beside tools. */
export function modelRequest(
  posed: PosedQuestion,
  { pictures, settings }: { readonly pictures: readonly PreparedImage[]; readonly settings: AskSettings },
): Omit<ModelRequest, 'signal' | 'tools'> {
  const { system, temperature, maxOutputTokens, seed, alternatives, imageLayout, promptCache } = settings;
  const parts = buildParts(posed, { pictures, layout: imageLayout });
  return {
    ...(system === null ? {} : { system }),
    parts,
    temperature,
    maxOutputTokens,
    seed: seed + posed.repeat,
    alternatives,
    // The images come first, and all that is asked about them has them in common.
    ...(promptCache && pictures.length > 0 ? { cachedParts: parts.length - 1 } : {}),
  };
}

/** SHA-256, in hexadecimal, of plain data. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** A reply that cost nothing, for answerers without an endpoint. */
export function plainReply(
  text: string,
  more: { readonly reasoning?: string; readonly fallback?: boolean } = {},
): GivenReply {
  return {
    text,
    ...more,
    finishReason: 'stop',
    refused: false,
    usage: { inputTokens: 0, outputTokens: 0 },
    latencyMs: 0,
    response: { id: null, model: null, finishReason: null, fingerprint: null, status: null },
  };
}
