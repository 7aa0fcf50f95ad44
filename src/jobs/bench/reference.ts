import { CATEGORIES, type CategoryCode, TASKS } from '../../ground/contracts/bench-codes.ts';
import { PUBLISHED_COUNTS } from './datasets.ts';

export type PublishedGroup = 'baseline' | 'open <4B' | 'open 4B-13B' | 'open >13B' | 'proprietary';

/** A row of the published results, zero-shot, in percent. */
export interface PublishedResult {
  readonly model: string;
  readonly group: PublishedGroup;
  readonly overall: number;
  readonly categories: Readonly<Record<CategoryCode, number>>;
}

type Columns = readonly [
  overall: number,
  bias: number,
  recognition: number,
  fas: number,
  analysis: number,
  localization: number,
  tools: number,
];

function result(model: string, group: PublishedGroup, columns: Columns): PublishedResult {
  const [overall, bias_fairness, face_recognition, fas_deepfakes, attributes_expression, face_localization, tools_use] =
    columns;
  return {
    model,
    group,
    overall,
    categories: {
      bias_fairness,
      face_recognition,
      fas_deepfakes,
      attributes_expression,
      face_localization,
      tools_use,
    },
  };
}

/**
 * The results table of FaceXBench (Narayan, VS, Patel, arXiv 2501.10360): 28 models and two baselines. The release's README gives
 * other numbers for GPT-4o (50.24) and GeminiPro 1.5 (54.40); these are the table's.
 */
export const PUBLISHED_RESULTS: readonly PublishedResult[] = [
  result('Random Choice', 'baseline', [25.1, 24.73, 26.88, 22.71, 24.75, 25.64, 30.0]),
  result('Frequent Choice', 'baseline', [32.22, 30.73, 29.5, 40.14, 33.25, 29.73, 40.0]),
  result('PaliGemma', 'open <4B', [32.22, 35.67, 26.5, 28.0, 37.62, 32.27, 12.0]),
  result('LLaVA-OneVision-0.5b-OV', 'open <4B', [34.0, 34.93, 28.12, 30.29, 44.62, 32.91, 20.0]),
  result('VILA 1.5-3b', 'open <4B', [35.8, 38.27, 33.25, 30.86, 44.5, 31.82, 28.0]),
  result('Chameleon-7b', 'open 4B-13B', [17.04, 10.27, 17.12, 6.86, 20.25, 28.91, 33.0]),
  result('Eagle-X4-8B-Plus', 'open 4B-13B', [31.44, 25.0, 23.12, 30.0, 35.62, 43.64, 37.0]),
  result('Idefics-9b-Instruct', 'open 4B-13B', [34.58, 37.93, 28.62, 34.43, 37.38, 34.18, 15.0]),
  result('LLaVA-v1.5-7b', 'open 4B-13B', [36.22, 41.2, 33.12, 30.14, 43.5, 32.18, 15.0]),
  result('Monkey-Chat', 'open 4B-13B', [37.4, 39.0, 31.5, 26.0, 44.0, 41.73, 40.0]),
  result('MiniCPM-Llama3-v2.5', 'open 4B-13B', [40.7, 45.8, 29.88, 32.86, 52.38, 40.45, 15.0]),
  result('LLaVA-NeXT-Interleave-7b', 'open 4B-13B', [43.8, 52.53, 38.0, 38.57, 55.88, 32.27, 26.0]),
  result('LLaVA-OneVision-7b-SI', 'open 4B-13B', [44.32, 50.73, 32.75, 29.86, 52.25, 47.27, 46.0]),
  result('Idefics2-8b', 'open 4B-13B', [44.52, 52.67, 31.25, 33.57, 53.25, 43.91, 42.0]),
  result('Mantis-SIGLIP-8b', 'open 4B-13B', [44.6, 56.13, 45.12, 36.86, 48.0, 31.64, 37.0]),
  result('Phi-3.5-Vision', 'open 4B-13B', [45.16, 52.47, 50.12, 40.0, 51.0, 31.64, 34.0]),
  result('LLaVA-OneVision-7b-OV', 'open 4B-13B', [48.98, 61.4, 38.38, 35.57, 55.12, 44.82, 38.0]),
  result('Qwen2-VL-7b-Instruct', 'open 4B-13B', [51.58, 57.47, 57.88, 34.0, 57.5, 47.09, 38.0]),
  result('InternVL2-8b', 'open 4B-13B', [53.24, 62.4, 61.75, 35.43, 55.38, 45.09, 45.0]),
  result('Idefics-80b-Instruct', 'open >13B', [35.86, 39.87, 35.12, 27.71, 35.12, 38.55, 15.0]),
  result('LLaVA-v1.5-13b', 'open >13B', [39.88, 44.6, 34.88, 34.14, 44.75, 37.27, 39.0]),
  result('VILA 1.5-13b', 'open >13B', [40.0, 45.07, 40.0, 28.43, 49.25, 34.18, 35.0]),
  result('CogVLM2-19b', 'open >13B', [40.46, 43.13, 33.88, 35.71, 45.62, 41.91, 29.0]),
  result('InternVL-Chat-v1.5', 'open >13B', [49.18, 59.73, 41.38, 33.0, 55.12, 46.73, 46.0]),
  result('VILA 1.5-40b', 'open >13B', [55.48, 64.0, 57.63, 33.14, 60.5, 54.36, 39.0]),
  result('LLaVA-OneVision-72b-OV', 'open >13B', [56.42, 66.53, 52.0, 37.43, 63.25, 53.73, 48.0]),
  result('InternVL2-76b', 'open >13B', [57.8, 69.53, 66.62, 36.14, 62.0, 47.18, 46.0]),
  result('Qwen2-VL-72b-Instruct', 'open >13B', [57.86, 62.2, 69.12, 41.14, 57.88, 55.45, 46.0]),
  result('GPT-4o', 'proprietary', [50.5, 46.93, 55.62, 40.0, 62.25, 50.36, 44.0]),
  result('GeminiPro 1.5', 'proprietary', [56.96, 67.4, 70.0, 35.0, 58.13, 46.36, 57.0]),
];

/** Questions of a category in the published benchmark. */
export function publishedSize(category: CategoryCode): number {
  const tasks: readonly string[] = TASKS.filter(task => task.category === category).map(task => task.code);
  return PUBLISHED_COUNTS.filter(({ task }) => tasks.includes(task)).reduce(
    (sum, { multiple, single, zero }) => sum + multiple + single + zero,
    0,
  );
}

/** The overall accuracy that a row's categories imply, in percent: their mean weighted by questions. */
export function overallFromCategories(row: PublishedResult): number {
  let weighted = 0;
  let total = 0;
  for (const { code } of CATEGORIES) {
    weighted += row.categories[code] * publishedSize(code);
    total += publishedSize(code);
  }
  return weighted / total;
}

/**
 * The size in billions of parameters that a model's name states (`Qwen2-VL-72b-Instruct` → 72, `0.5B` → 0.5); null where it
 * states none, or, as a mixture of experts does, two.
 */
export function sizeFromName(model: string): number | null {
  const sizes = [...model.matchAll(/(?<![\w.])(?:\d+x)?(\d+(?:\.\d+)?)\s?b(?![a-z\d])/gi)];
  const [size] = sizes;
  return sizes.length === 1 && size !== undefined && !/x/i.test(size[0]) ? Number(size[1]) : null;
}
