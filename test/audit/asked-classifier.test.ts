import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { classOf } from '../../src/jobs/audit/asked-classifier.ts';
import { auditRun } from '../../src/jobs/audit/index.ts';
import { encodePng } from '../../src/kit/images/index.ts';
import { drawn } from '../faces/data.ts';
import { temporaryFolder } from '../faces/models.ts';
import { finish } from './simulated-sets.ts';

const MODEL = 'openai-compatible:http://localhost:1/v1#looker';

describe('the class that an answer names', () => {
  const classes = ['male', 'female', 'dark brown', 'brown'];
  test.each([
    ['female', 'female'],
    ['Female.', 'female'],
    ['The person looks **male**.', 'male'],
    ['It could be female.\n\nmale', 'male'],
    ['dark brown', 'dark brown'],
    ['brown', 'brown'],
    ['either male or female', null],
    ['I cannot tell', null],
    ['', null],
    ['malefemale', null],
  ])('%s', (answer, expected) => expect(classOf(answer, classes)).toBe(expected));
});

const bodySchema = z.object({
  messages: z.array(
    z.object({ content: z.array(z.object({ type: z.string(), image_url: z.object({ url: z.string() }).optional() })) }),
  ),
});

/** Sees whether an image is red or blue; takes a quarter of the blue ones for red, and declines one in ten. */
function looker(seen: string[]): typeof globalThis.fetch {
  return async (_, init) => {
    const { messages } = bodySchema.parse(JSON.parse(String(init?.body)));
    const url = messages[0]!.content.find(part => part.image_url !== undefined)!.image_url!.url;
    const bytes = Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
    const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    const red = data[0]! > data[2]!;
    const chance = createHash('sha256').update(bytes).digest()[0]! / 256;
    const answer = chance < 0.1 ? 'I cannot help with that.' : !red && chance > 0.75 ? 'red' : red ? 'Red.' : 'blue';
    seen.push(answer);
    return Response.json({ choices: [{ message: { content: answer }, finish_reason: 'stop' }] });
  };
}

/** Images of two colours, each a little different; returns the folder. */
async function paint(folder: string, name: string, n: number, redShare: number, labelled: boolean): Promise<string> {
  const path = join(folder, name);
  mkdirSync(path);
  const lines = ['file,colour'];
  for (let i = 0; i < n; i++) {
    const red = i < n * redShare;
    const image = drawn(16, 16, (x, y) => {
      const shade = (x * (i + 3) + y * (7 * i + name.length)) % 90;
      return red ? [250 - shade, shade, 20] : [20, shade, 250 - shade];
    });
    writeFileSync(join(path, `${i}.png`), await encodePng(image));
    lines.push(`${i}.png,${red ? 'red' : 'blue'}`);
  }
  if (labelled) writeFileSync(join(path, 'labels.csv'), `${lines.join('\n')}\n`);
  return path;
}

describe('a model that is asked', () => {
  test('its errors are measured on the labelled images and corrected for; what it declines is told', async () => {
    await using folder = await temporaryFolder();
    const training = await paint(folder.path, 'train', 200, 0.5, true);
    const generated = await paint(folder.path, 'gen', 150, 0.4, false);
    const seen: string[] = [];
    const { result: report } = await finish(
      auditRun(
        {
          training,
          generated,
          embedder: 'appearance',
          askModel: MODEL,
          ask: { colour: ['red', 'blue'] },
          cache: false,
        },
        { runsDir: join(folder.path, 'runs'), fetch: looker(seen), environment: {} },
      ),
    );
    expect(seen).toHaveLength(350);
    const { colour } = report.bias.attributes;
    // A quarter of the blue ones is called red, so that the raw share is well above the truth of 40 %.
    expect(colour!.generated.red!.value).toBeGreaterThan(0.45);
    const corrected = colour!.corrected!.generated.red!.value!;
    expect(Math.abs(corrected - 0.4)).toBeLessThan(0.08);
    const finding = report.verdict.find(({ subject }) => subject === 'answers')!;
    expect(finding.headline).toMatch(/colour of \d+ of 200 training images, colour of \d+ of 150 generated images/);
  }, 60_000);

  test.each([
    [{ askModel: MODEL }, '--ask is missing'],
    [{ ask: { colour: ['red', 'blue'] } }, '--ask-model is missing'],
    [{ askModel: MODEL, ask: { colour: ['red', 'blue'] }, classifier: 'none' }, '--classifier'],
    [{ askModel: MODEL, ask: { colour: ['red', 'blue'] }, faces: 'all' as const }, '--faces all'],
  ])('%j cannot work', async (changes, message) => {
    await expect(finish(auditRun({ training: 'a', generated: 'b', ...changes }))).rejects.toThrow(message);
  });
});
