import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mitigationConfigurationSchema, mitigationJob } from '../../src/jobs/mitigation/index.ts';
import { checkConditions } from '../../src/jobs/mitigation/labels.ts';
import { commandOf, parseConfiguration } from '../../src/kit/job/index.ts';

test('what the version before recorded is a configuration as it stands', () => {
  const recorded = {
    model: '/m',
    training: '/t',
    heldout: '/h',
    replication: true,
    bias: { gender: [0.5, 0.5], skinTone: 'uniform', age: { young: 0.2, old: 0.8 } },
    rewards: ['/r.onnx', '/c.onnx#gender=male'],
    copied: 0.01,
    tolerance: 0.05,
    qualityFloor: 1.1,
    rounds: 8,
    samples: 512,
    auditSamples: 1024,
    gamma: 0.1,
    reading: 'A',
    integral: 0,
    combination: 'product',
    degree: 'cosine',
    rejectCopies: false,
    normalise: false,
    regulariser: 'all',
    steps: 150,
    batch: 32,
    learningRate: 0.0005,
    average: 0.98,
    sampler: 'dpm-solver++',
    samplingSteps: 20,
    embedder: 'built-in',
    classifier: 'built-in',
    noFace: 'skip',
    permutations: 999,
    compare: ['rejection'],
    seed: 1,
    device: 'auto',
  };
  const { model, training, heldout, replication, bias, rewards, compare, ...defaults } = recorded;
  expect(parseConfiguration(mitigationJob, recorded)).toEqual(recorded);
  expect(mitigationConfigurationSchema.parse({ model, training })).toMatchObject(defaults);
});

test('the command line that does what a configuration says', () => {
  const configuration = parseConfiguration(mitigationJob, {
    model: '/m',
    training: '/t',
    replication: true,
    bias: { gender: [0.5, 0.5], skinTone: 'uniform', age: { young: 0.2, old: 0.8 } },
    rewards: ['/c.onnx#gender=male'],
    compare: ['rejection', 'guidance'],
    noFace: 'whole',
    output: '/fair',
  });
  expect(commandOf(mitigationJob, configuration)).toBe(
    "biolens mitigate --model /m --train /t --replication --bias gender=0.5,0.5 --bias skinTone=uniform --bias age=young:0.2,old:0.8 --reward '/c.onnx#gender=male' --whole-image --compare rejection,guidance --output /fair",
  );
});

test('paths start from where they are said, words stay', () => {
  const { model, rewards, embedder, classifier } = parseConfiguration(
    mitigationJob,
    { model: 'm', training: 't', rewards: ['c.onnx#gender=male'], embedder: 'appearance' },
    { base: '/there' },
  );
  expect([model, rewards, embedder]).toEqual(['/there/m', [resolve('/there/c.onnx#gender=male')], 'appearance']);
  expect(classifier).toBe('built-in');
});

describe('labels of what a model is conditioned on', () => {
  const folder = (labels: Record<string, string | null>) => ({
    source: 'faces',
    files: Object.keys(labels),
    given: {
      attributes: ['shape', 'kind'],
      byFile: new Map(Object.entries(labels).map(([file, kind]) => [file, { shape: 'round', kind }])),
      source: 'labels.csv',
      unlabelled: 0,
    },
  });
  const check = (labels: Record<string, string | null>) => () => checkConditions(folder(labels), ['warm', 'cold']);

  test('are a column of its classes', () => {
    expect(check({ a: 'warm', b: 'cold' })).not.toThrow();
    // Whether b can be read at all is not known yet.
    expect(check({ a: 'warm', b: null })).not.toThrow();
  });

  test('are asked for before a picture is read', () => {
    expect(check({ a: 'warm', b: 'tepid' })).toThrow('faces: no column of labels says which of warm, cold');
    expect(check({ a: null })).toThrow('no column of labels');
    expect(() => checkConditions({ ...folder({}), given: null }, ['warm'])).toThrow('no column of labels');
    expect(() => checkConditions({ ...folder({}), given: null }, null)).not.toThrow();
  });
});
