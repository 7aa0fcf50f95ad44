import type { Command } from 'commander';
import { BiolensError } from '../../ground/errors.ts';

/** What groups of verbs are about. */
const SUMMARIES: Readonly<Record<string, string>> = {
  bench: 'what does a vision-language model understand of faces (FaceXBench)',
  cache: 'readings of images that are kept, so that a second audit need not read them again',
  diffusion: 'train generators of faces, and sample from them',
  faces: 'detect, label, embed, verify, identify or render faces, or train on them',
  privacy: 'what a release costs in differential privacy, and releases with noise',
  federate: 'train one model on the data of many, without collecting them',
  gallery: 'serve a gallery of face templates that can be revoked',
  queue: 'runs whose items workers of a queue make',
  runs: 'list, show, compare, start, resume, repeat or report runs',
  template: 'protect face templates, match them under encryption, and attack them',
  study: 'questions that take many generators to answer',
};

/** Options of a verb before the word of another one within it would be lost without a word: `audit --seed 2 text`. */
function refuseLostOptions(command: Command, { name }: { readonly name: string }): void {
  const lost = command.options.find(option => command.getOptionValueSource(option.attributeName()) === 'cli');
  if (lost !== undefined)
    throw new BiolensError(
      'usage',
      `${lost.long ?? lost.flags}: options stand after all words of the verb, after "${name}"`,
    );
}

/** The group of verbs of a name: a job's verb that others stand under, or one that is made. A group that is no job prints its help alone. */
export function groupOf(program: Command, name: string): Command {
  const found = program.commands.find(command => command.name() === name);
  if (found !== undefined) {
    if (found.options.length > 0 && found.commands.length === 0)
      found.hook('preSubcommand', (command, inner) => refuseLostOptions(command, { name: inner.name() }));
    return found;
  }
  const group = program.command(name).description(SUMMARIES[name] ?? `verbs of ${name}`);
  group.action(() => group.outputHelp());
  return group;
}
