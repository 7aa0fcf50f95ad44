import type { Readable, Writable } from 'node:stream';
import { McpServer, type StandardSchemaWithJSON } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import { packageVersion } from '../../kit/runs/index.ts';
import { JobHost, type JobHostOptions } from '../host/index.ts';
import { createPathTools } from './face-tools.ts';
import { createJobTools } from './job-tools.ts';
import type { Tool } from './tool.ts';

/** What is told of a tool's input; the tool itself checks it, since its messages name the field and the nearest word. */
function announced({ input }: Tool): StandardSchemaWithJSON {
  const schema = { ...input };
  return {
    '~standard': {
      version: 1,
      vendor: 'biolens',
      validate: value => ({ value }),
      jsonSchema: { input: () => schema, output: () => schema },
    },
  };
}

function text(value: string): { readonly type: 'text'; readonly text: string } {
  return { type: 'text', text: value };
}

/** A server with these tools; errors of a tool are results that say so, in one line. */
export function createMcpServer(tools: readonly Tool[]): McpServer {
  const server = new McpServer({ name: 'biolens', version: packageVersion() }, { capabilities: { tools: {} } });
  for (const tool of tools) {
    server.registerTool(
      tool.name,
      { description: tool.description, inputSchema: announced(tool) },
      async (input, context) => {
        try {
          const result = await tool.run(input, { signal: context.mcpReq.signal });
          return { content: [text(JSON.stringify(result, null, 2))] };
        } catch (error) {
          if (!(error instanceof BiolensError)) throw error;
          return { content: [text(messageOf(error))], isError: true };
        }
      },
    );
  }
  return server;
}

export interface ServeMcpOptions extends JobHostOptions {
  readonly input?: Readable;
  readonly output?: Writable;
  readonly signal: AbortSignal;
}

/**
 * Serves the tools over standard input and output until the other side closes or the signal is aborted; runs that are under way are then
 * interrupted, and can be resumed.
 *
 * Adversary: an assistant that follows instructions found in what it reads. It can start jobs and read reports and images in the roots; it
 * cannot read files elsewhere, send images to a model that was not named at the start, or delete anything.
 */
export async function serveMcp({
  input = process.stdin,
  output = process.stdout,
  signal,
  ...options
}: ServeMcpOptions): Promise<void> {
  const host = new JobHost(options);
  const faces = createPathTools(options);
  const tools = [...createJobTools(host, options), ...faces.tools];
  const transport = new StdioServerTransport(input, output);
  const ended = new Promise<void>(resolve => {
    input.once('end', resolve);
    input.once('close', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const server = serveStdio(() => createMcpServer(tools), { transport });
  await ended;
  await server.close();
  await host.close();
  await faces.close();
}
