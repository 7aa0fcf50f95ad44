import type { Command } from 'commander';
import type { CliIo } from '../io.ts';
import { registerFaces } from './faces.ts';

/** Adds every verb to the program. */
export function registerVerbs(program: Command, io: CliIo): void {
  registerFaces(program, io);
}
