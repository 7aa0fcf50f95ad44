import { runCli } from '../../src/app/cli/main.ts';

/** Runs the command line within this process, as a script of 80 columns without a terminal would. */
export async function biolens(
  ...args: string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ['', ''];
  const io = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    interactive: false,
    columns: 80,
    env: {},
  };
  const code = await runCli(args, io);
  return { code, out, err };
}
