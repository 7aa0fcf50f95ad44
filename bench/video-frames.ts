import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { findFfmpeg, listClips, readFrames } from '../src/kit/video/index.ts';
import { ffmpegPath } from '../test/video/parts.ts';

// A process of its own for bench/video.ts: reads a video at one frame a second, or has ffmpeg decode it and drop every frame.
const [, , which, file] = process.argv;
const TICKS = 100;

/** Processor time of children that have ended, in seconds; Linux alone tells. */
function childSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / TICKS;
}

const { clips } = await listClips(file!);
const tool = await findFfmpeg({ path: ffmpegPath ?? undefined });
const [start, before, children] = [performance.now(), process.cpuUsage(), childSeconds()];
let done = 0;
if (which === 'ours') for await (const _ of readFrames(clips[0]!, { ffmpeg: tool, rate: 1 })) done++;
else spawnSync(tool.path, ['-v', 'error', '-nostdin', '-i', file!, '-an', '-f', 'null', '-']);
const wall = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);
const peakMegabytes = process.resourceUsage().maxRSS / 1024;
const cpu = (user + system) / 1e6 + childSeconds() - children;
console.log(JSON.stringify({ cpu, wall, peakMegabytes, done, error: null }));
