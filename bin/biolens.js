#!/usr/bin/env node
// Starts the command line: the compiled one in the published package, the sources in a clone. Plain JavaScript that Node 18
// can read, so that a Node too old for the rest gets the project's own Node 24, or a sentence, and no syntax error.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { fileURLToPath } from 'node:url';

const source = new URL('../src/app/cli/main.ts', import.meta.url);
const compiled = new URL('../dist/app/cli/main.js', import.meta.url);
// Whoever can write here can change the code itself; for all others nothing is kept.
const compiledCode = fileURLToPath(new URL('../node_modules/.cache/biolens', import.meta.url));
const pinnedNode = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));

const [major, minor] = process.versions.node.split('.').map(Number);
const newEnough = major > 22 || (major === 22 && minor >= 18);

// Exit code 1 is for `--fail-on` alone: what goes wrong here ends with 3.
const OUTSIDE = 3;
const INTERRUPTED = 130;

function giveUp(error) {
  const told = process.env.BIOLENS_DEBUG ? error.stack : String(error.message).split('\n')[0];
  process.stderr.write(`biolens: cannot start: ${told}\n`);
  process.exitCode = OUTSIDE;
}

if (!newEnough && existsSync(pinnedNode)) {
  // In a process group of its own, so that Ctrl-C reaches it once, through us; the channel tells it when we are killed.
  const child = spawn(pinnedNode, process.argv.slice(1), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', giveUp);
  child.on('exit', (status, signal) => process.exit(status ?? (signals.includes(signal) ? INTERRUPTED : OUTSIDE)));
} else if (!newEnough) {
  process.stderr.write(`biolens: needs Node 22.18 or newer, this is ${process.versions.node}\n`);
  process.exitCode = 2;
} else {
  try {
    // Compiling the sources takes much of a start; worker threads look into the environment.
    process.env.NODE_COMPILE_CACHE ??= compiledCode;
    module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
    const { main } = await import(existsSync(fileURLToPath(source)) ? source.href : compiled.href);
    await main(process.argv);
  } catch (error) {
    giveUp(error);
  }
}
