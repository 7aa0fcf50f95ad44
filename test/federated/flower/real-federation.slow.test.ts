import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { have, MNIST, type Program, RealFederation, until } from './real-federation.ts';

const resultSchema = z.object({ accuracy: z.record(z.string(), z.number()) });

test.skipIf(!have)(
  'two of our nodes and one in PyTorch train in a federation with TLS and registered keys; one of ours is killed and comes back (needs BIOLENS_FLOWER_PYTHON, openssl, ssh-keygen and ../shared/data)',
  async () => {
    await using federation = new RealFederation(18_417);
    const { folder } = federation;
    const link = await federation.superLink();
    for (const name of ['a', 'b']) await federation.register(name);
    await federation.register('torch', 'ssh-keygen');
    federation.ran('federate', 'app', '--model', '2nn', '--rounds', '4', '-o', 'app');

    // A key that nobody registered is refused in words.
    federation.ran('federate', 'key', '-o', 'stranger.pem');
    const stranger = federation.ownNode('stranger', '3/30');
    const [refused] = await once(stranger.child, 'exit');
    expect([refused, stranger.said()]).toEqual([3, expect.stringContaining('its public key is not registered')]);

    const torch = await federation.torchNode('torch', 30);
    const a = federation.ownNode('a', '1/30');
    let b = federation.ownNode('b', '2/30');
    const joined = (node: Program) => until('a node joins', () => node.said().includes('has joined'), node.said);
    await Promise.all([joined(a), joined(b)]);

    const run = federation.run(`min-nodes=3 reply-timeout=120 result="${join(folder, 'result.json')}"`);
    await until(
      'training begins',
      () => b.said().includes('train: replied'),
      () => run.said() + b.said(),
    );
    b.child.kill('SIGKILL');
    await once(b.child, 'exit');
    b = federation.ownNode('b', '2/30');
    await joined(b);
    await until(
      'the run ends',
      () => existsSync(join(folder, 'result.json')),
      () => [run, link, torch, a, b].map(({ said }) => said().slice(-1500)).join('\n-----\n'),
      900_000,
    );
    const { accuracy } = resultSchema.parse(JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')));
    console.log('accuracy by round', accuracy);
    expect(accuracy['4']).toBeGreaterThan(0.9);

    a.child.kill('SIGINT');
    const [code] = await once(a.child, 'exit');
    expect([0, 130]).toContain(code);
  },
);

test.skipIf(!have)(
  'a node in PyTorch, one of ours and a coordinator with six clients behind it train together, while one client is killed and one frozen (needs BIOLENS_FLOWER_PYTHON, openssl, ssh-keygen and ../shared/data)',
  async () => {
    await using federation = new RealFederation(18_418);
    const { folder, biolens, ran } = federation;
    const link = await federation.superLink();
    for (const name of ['own', 'bridge']) await federation.register(name);
    await federation.register('torch', 'ssh-keygen');
    federation.ran('federate', 'app', '--model', '2nn', '--rounds', '4', '-o', 'app');
    const torch = await federation.torchNode('torch', 60);
    const own = federation.ownNode('own', '1/60');

    const names = Array.from({ length: 6 }, (_, client) => `clinic-${client}`);
    const members = names.map(
      name => JSON.parse(ran('federate', 'key', '-o', `${name}.key.json`, '--name', name)) as unknown,
    );
    writeFileSync(join(folder, 'roster.json'), JSON.stringify({ schema: 'biolens/federation-roster@1', members }));
    const bridge = biolens(
      ...['federate', 'serve', '--flower', federation.address, '--flower-key', 'bridge.pem'],
      ...['--flower-root-certificates', 'ca.crt', '--flower-idle', '40', '--weigh-by', '100'],
      ...['--roster', 'roster.json', '--clients', '4', '--drop', '0.34', '--corrupt', '0', '--port', '18419'],
      ...['--data', MNIST, '--rounds', '4', '--train-seconds', '20', '--step-seconds', '20', '--json'],
    );
    await until('the coordinator listens', () => bridge.said().includes('18419'), bridge.said);
    const clients = names.map((name, client) =>
      biolens(
        ...['federate', 'join', '--coordinator', 'ws://127.0.0.1:18419', '--key', `${name}.key.json`],
        ...['--roster', 'roster.json', '--data', MNIST, '--part', `${client + 3}/60`],
      ),
    );
    const says = () => [link, torch, own, bridge, ...clients].map(({ said }) => said().slice(-1200)).join('\n-----\n');
    await until('all clients are there', () => names.every(name => bridge.said().includes(`${name} is here`)), says);

    const run = federation.run(`min-nodes=3 reply-timeout=120 result="${join(folder, 'result.json')}"`);
    const everything = () => `${run.said().slice(-2000)}\n-----\n${says()}`;
    await until('the first round is played', () => bridge.said().includes('round 1: 6 of 6'), everything);
    clients[0]!.child.kill('SIGKILL');
    clients[1]!.child.kill('SIGSTOP');
    await until('the run ends', () => existsSync(join(folder, 'result.json')), everything, 900_000);
    const { accuracy } = resultSchema.parse(JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')));
    console.log('accuracy by round', accuracy, bridge.said());
    expect(accuracy['4']).toBeGreaterThan(0.88);
    const [code] = await once(bridge.child, 'exit');
    expect(code, everything()).toBe(0);
  },
);
