import { expect, test } from 'vitest';
import { checkPermitted } from '../../src/app/host/permissions.ts';
import { auditVideoConfigurationSchema as schema } from '../../src/jobs/audit-video/index.ts';

test('a program is named on the command line alone, not by whoever may start jobs', async () => {
  const sets = { training: process.cwd(), generated: process.cwd() };
  const allowed = { schema, roots: [process.cwd()], models: null };
  await expect(checkPermitted(sets, allowed)).resolves.toBeUndefined();
  await expect(checkPermitted({ ...sets, ffmpeg: '/bin/sh' }, allowed)).rejects.toThrow('"ffmpeg": commands are run');
  await expect(checkPermitted({ ...sets, truth: '/etc/passwd' }, allowed)).rejects.toThrow(
    '"truth" /etc/passwd lies outside',
  );
});
