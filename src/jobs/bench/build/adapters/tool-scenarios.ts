import { z } from 'zod';
import { BiolensError, messageOf } from '../../../../ground/errors.ts';
import type { Adapter } from '../labelled-image.ts';

const bookSchema = z
  .object({
    tools: z
      .array(
        z.object({
          name: z.string().min(1),
          functions: z.array(z.object({ name: z.string().min(1), purpose: z.string().default('') })).min(1),
        }),
      )
      .min(1),
    scenarios: z.array(z.object({ text: z.string().min(1), calls: z.array(z.string()).min(2) })).min(1),
  })
  .superRefine(({ tools, scenarios }, context) => {
    const known = new Set(
      tools.flatMap(({ name, functions }) => functions.map(function_ => `${name}.${function_.name}`)),
    );
    for (const [i, { calls }] of scenarios.entries()) {
      const unknown = calls.find(call => !known.has(call));
      if (unknown !== undefined)
        context.addIssue({
          code: 'custom',
          path: ['scenarios', i, 'calls'],
          message: `"${unknown}" is no function of the tools`,
        });
    }
  });

const FILE = /(?:^|\/)tools\.json$/;

/** Scenarios that a user wrote, for the task without images. */
export const toolScenarios: Adapter = {
  name: 'tool-scenarios',
  dataset: 'Tool scenarios',
  layout:
    'tools.json: {tools: [{name, functions: [{name, purpose}]}], scenarios: [{text, calls: ["tool.function", …]}]}',
  detect: async folder => folder.find(FILE) !== undefined,
  async *read() {},
  async readTools(folder) {
    const name = folder.find(FILE);
    if (name === undefined) throw new BiolensError('input', `${folder.root}: no tools.json`);
    const file = folder.path(name);
    let value: unknown;
    try {
      value = JSON.parse((await folder.lines(name)).join('\n'));
    } catch (cause) {
      throw new BiolensError('input', `${file}: not JSON: ${messageOf(cause)}`, { cause });
    }
    const book = bookSchema.safeParse(value);
    if (!book.success) {
      const [issue] = book.error.issues;
      throw new BiolensError('input', `${file}: "${issue?.path.join('.')}": ${issue?.message}`);
    }
    const tools = book.data.tools.map(({ name: tool, functions }) => ({
      name: tool,
      functions: functions.map(function_ => ({ ...function_, wishes: [] })),
    }));
    return { dataset: 'Tool scenarios', tools, scenarios: book.data.scenarios };
  },
};
