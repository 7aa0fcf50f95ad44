import { nameOfCode } from '../../src/ground/contracts/bench-codes.ts';
import { modelName } from './model-name.ts';

/** A task as one of several to choose from. */
export const taskChoice = (code: string) => ({ id: code, title: modelName(nameOfCode(code)) });
