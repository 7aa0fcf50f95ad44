import { pldEpsilon, poissonGaussianRdp, RDP_ORDERS, rdpEpsilon } from '../src/kit/privacy/index.ts';

const [noise, rate, steps, delta, turns] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
  number,
];
const mechanism = { noiseMultiplier: noise, samplingRate: rate };

/** CPU seconds of each turn, and what it found; the first one compiles. */
function measure(account: () => number) {
  const seconds: number[] = [];
  let epsilon = 0;
  for (let turn = 0; turn < turns; turn++) {
    const start = process.cpuUsage();
    epsilon = account();
    const { user, system } = process.cpuUsage(start);
    seconds.push((user + system) / 1e6);
  }
  return { seconds, epsilon };
}

const rdp = measure(() => {
  const values = RDP_ORDERS.map(order => steps * poissonGaussianRdp(order, mechanism));
  return rdpEpsilon({ orders: RDP_ORDERS, values }, delta).epsilon;
});
const pld = measure(() => pldEpsilon([{ kind: 'gaussian', ...mechanism, steps }], { delta }));
console.log(JSON.stringify({ rdp, pld }));
