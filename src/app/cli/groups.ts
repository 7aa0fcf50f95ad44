import type { Command } from 'commander';

/** What groups of verbs are about. */
const SUMMARIES: Readonly<Record<string, string>> = {
  bench: 'what does a vision-language model understand of faces (FaceXBench)',
  cache: 'readings of images that are kept, so that a second audit need not read them again',
  diffusion: 'train generators of faces, and sample from them',
  faces: 'detect, label, embed or render faces, or train on them',
  runs: 'list, show, compare, start, resume, repeat or report runs',
  study: 'questions that take many generators to answer',
};

/** The group of verbs of a name; made where it is not there yet. Alone it prints its help. */
export function groupOf(program: Command, name: string): Command {
  const found = program.commands.find(command => command.name() === name);
  if (found !== undefined) return found;
  const group = program.command(name).description(SUMMARIES[name] ?? `verbs of ${name}`);
  group.action(() => group.outputHelp());
  return group;
}
