import { parentPort } from 'node:worker_threads';

// Plain arithmetic that takes nothing but a core: how much of two cores two threads get on this machine.

parentPort?.on('message', (rounds: number) => {
  let [a, b, c] = [1, 2, 3];
  for (let i = 0; i < rounds; i++) {
    a = (Math.imul(a, 31) + b) | 0;
    b = (Math.imul(b, 17) + c) | 0;
    c = (Math.imul(c, 13) + a) | 0;
  }
  parentPort?.postMessage(a + b + c);
});
