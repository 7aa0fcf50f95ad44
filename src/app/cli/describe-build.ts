import { type BenchBuild, nameOfCode, TASKS } from '../../ground/contracts/index.ts';
import { printable } from '../../kit/text/printable.ts';
import { formatTable } from '../../kit/text/table.ts';
import { wrap } from '../../kit/text/wrap.ts';

/** Images that are named when they were left out; `--json` has all. */
const UNUSABLE_SHOWN = 5;

const counted = (n: number, word: string): string => `${n.toLocaleString('en-US')} ${word}${n === 1 ? '' : 's'}`;

/** What was built, for a terminal of 80 columns: questions by task, and why some tasks have fewer. */
export function describeBuild(build: BenchBuild): string {
  const { directory, questions, images, byTask, byImageCount, shortfalls, unusable } = build;
  const rows = TASKS.flatMap(({ code, name }) => {
    const n = byTask[code];
    return n === undefined ? [] : [[name, code, String(n)]];
  });
  const kinds = [
    [byImageCount.multiple, 'with several images'],
    [byImageCount.single, 'with one'],
    [byImageCount.zero, 'with none'],
  ].flatMap(([n, words]) => (n === undefined ? [] : [`${n} ${words}`]));
  const head = `${directory}: ${counted(questions, 'question')} (${kinds.join(', ')}), ${counted(images, 'image')}`;
  const short = shortfalls.map(({ task, asked, made, reason }) =>
    wrap(`${nameOfCode(task)}: ${made} of ${asked} questions: ${reason}`, 80, '  '),
  );
  const left = unusable.slice(0, UNUSABLE_SHOWN).map(({ file, reason }) => wrap(`${file}: ${reason}`, 80, '  '));
  const more = unusable.length - left.length;
  return [
    `${wrap(head, 80, '')}\n\n`,
    formatTable([{ title: 'task' }, { title: 'code' }, { title: 'questions', align: 'right' }], rows),
    ...(short.length === 0 ? [] : [`\nFewer than asked for:\n${short.join('\n')}\n`]),
    ...(left.length === 0
      ? []
      : [`\nImages left out:\n${left.join('\n')}\n${more > 0 ? `  … and ${more} more (--json lists them)\n` : ''}`]),
    `\nbiolens bench run --from ${printable(directory)} puts it to a model.\n`,
  ].join('');
}

/** The known layouts, each with how it is recognised. */
export function describeLayouts(
  layouts: readonly { readonly name: string; readonly dataset: string; readonly layout: string }[],
): string {
  return layouts.map(({ name, dataset, layout }) => `${name} (${dataset})\n${wrap(layout, 80, '    ')}\n`).join('');
}
