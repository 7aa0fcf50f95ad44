import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../../ground/errors.ts';
import { Findings } from '../search/findings.ts';
import type { ScanAnswer, ScanOrder, ScanSetting } from './scan-messages.ts';
import { scanTask } from './scan-task.ts';

const { files, layout, views } = workerData as ScanSetting;
const findings = views.map(() => new Findings());
const reply = (answer: ScanAnswer): void => parentPort?.postMessage(answer);

async function answer(order: ScanOrder): Promise<void> {
  if (order.kind === 'finish') {
    reply({ kind: 'findings', findings: findings.map(found => [...found.values()]) });
    parentPort?.close();
    return;
  }
  try {
    const counts = await scanTask(order.task, { file: files[order.task.number]!, layout, views, findings });
    reply({ kind: 'scanned', task: order.task, counts });
  } catch (error) {
    reply({ kind: 'failed', message: messageOf(error) });
  }
}

parentPort?.on('message', (order: ScanOrder) => void answer(order));
