import { describe, expect, test, vi } from 'vitest';
import type { CliIo } from '../../src/app/cli/io.ts';
import { openProgress } from '../../src/app/cli/progress.ts';
import { printable } from '../../src/kit/text/printable.ts';

function recordingIo(): CliIo & { readonly lines: string[] } {
  const lines: string[] = [];
  return { lines, out: () => {}, err: text => void lines.push(text), interactive: false, columns: 80, env: {} };
}

describe('printable', () => {
  test('shows what a terminal would obey', () => {
    expect(printable('a\u001b[31mb\u0007\u202ec\nd')).toBe('a\\u001b[31mb\\u0007\\u202ec\\u000ad');
  });
  test('leaves letters of any script', () => {
    expect(printable('Zoë 顔 👩🏽 العربية')).toBe('Zoë 顔 👩🏽 العربية');
  });
});

describe('progress without a terminal', () => {
  test('a line when ten seconds have passed and one at the end of each stage', () => {
    const io = recordingIo();
    let time = 0;
    const view = openProgress(io, () => time);
    for (let done = 0; done <= 100; done++) {
      view.update({ stage: 'embedding', done, total: 100 });
      time += 250;
    }
    view.update({ stage: 'embedding', done: 100, total: 100 });
    view.update({ stage: 'comparing', done: 1, total: 1 });
    expect(io.lines).toEqual([
      'embedding: 40/100, 4.0/s\n',
      'embedding: 80/100, 4.0/s\n',
      'embedding: 100/100, 4.0/s\n',
      'comparing: 1/1\n',
    ]);
  });

  test('a total that is not known yet is not invented', () => {
    const io = recordingIo();
    let time = 0;
    const view = openProgress(io, () => time);
    view.update({ stage: 'reading', done: 0, total: null });
    time = 10_000;
    view.update({ stage: 'reading', done: 50, total: null });
    expect(io.lines).toEqual(['reading: 50, 5.0/s\n']);
  });

  test('a stage whose name is used again, without another one between, is heard of again', () => {
    const io = recordingIo();
    let time = 0;
    const view = openProgress(io, () => time);
    for (const total of [30, 20])
      for (let done = 0; done <= total; done++) {
        view.update({ stage: 'training', done, total });
        time += 1000;
      }
    view.stop();
    expect(io.lines).toEqual([
      'training: 10/30, 1.0/s\n',
      'training: 20/30, 1.0/s\n',
      'training: 30/30, 1.0/s\n',
      'training: 10/20, 1.0/s\n',
      'training: 20/20, 1.0/s\n',
    ]);
  });

  test('something is said at least every ten seconds, with and without events, and nothing after the end', () => {
    vi.useFakeTimers({ now: 0 });
    try {
      const io = recordingIo();
      const view = openProgress(io);
      vi.advanceTimersByTime(20_000);
      view.update({ stage: 'reading', done: 3, total: 8 });
      vi.advanceTimersByTime(21_000);
      view.update({ stage: 'reading', done: 8, total: 8 });
      vi.advanceTimersByTime(11_000);
      view.stop();
      vi.advanceTimersByTime(60_000);
      expect(io.lines).toEqual([
        'working: 10 s\n',
        'working: 20 s\n',
        'reading: 3/8\n',
        'reading: 3/8\n',
        'reading: 8/8, 0.24/s\n',
        'still working: 31 s since "reading" began\n',
      ]);
    } finally {
      vi.useRealTimers();
    }
  });
});
