import { InferenceSession } from 'onnxruntime-node';
import { messageOf } from '../../../ground/errors.ts';
import { Graph } from '../graph.ts';

// A program of its own: opens a session on the device named by its argument. Drivers that crash or chatter do it here.

const device = process.argv[2] ?? 'cpu';
const graph = new Graph();
graph.output('y', graph.input('x', [1]));
try {
  const session = await InferenceSession.create(graph.build(), { executionProviders: [device], logSeverityLevel: 4 });
  await session.release();
} catch (error) {
  console.log(messageOf(error));
  process.exitCode = 1;
}
