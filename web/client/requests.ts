import { z } from 'zod';

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, { ...init, credentials: 'same-origin' }).catch(() => null);
  if (response === null) throw new Error('The studio does not answer; is `biolens studio` still running?');
  if (response.status === 401) throw new Error('The studio wants its token; open the address that it printed.');
  return response;
}

async function read<Schema extends z.ZodType>(response: Response, schema: Schema): Promise<z.infer<Schema>> {
  if (!response.ok) throw new Error(`The studio answered with an error (${response.status}).`);
  const parsed = schema.safeParse(await response.json());
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`The studio sent data that this page cannot read: ${issue?.path.join('.')} ${issue?.message}.`);
}

/** Asks for something that there may not be. @throws Error with one line for the reader */
export async function findJson<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.infer<Schema> | null> {
  const response = await ask(path);
  return response.status === 404 ? null : await read(response, schema);
}

/** Asks for something about a run. @throws Error with one line for the reader */
export async function getJson<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>> {
  const found = await findJson(path, schema);
  if (found === null) throw new Error('There is no such run in the folder that the studio shows.');
  return found;
}

const refusalSchema = z.object({ error: z.string() });

export interface Posted<Schema extends z.ZodType> {
  readonly body: unknown;
  /** Of the answer. */
  readonly schema: Schema;
}

/** Has the studio do something. @throws Error with the studio's own words where it refuses */
export async function postJson<Schema extends z.ZodType>(
  path: string,
  { body, schema }: Posted<Schema>,
): Promise<z.infer<Schema>> {
  const response = await ask(path, {
    method: 'POST',
    // No form and no simple request of another site can carry these: the studio's door asks for them.
    headers: { 'content-type': 'application/json', 'x-biolens': '1' },
    body: JSON.stringify(body),
  });
  return await readOrRefuse(response, schema);
}

async function readOrRefuse<Schema extends z.ZodType>(response: Response, schema: Schema): Promise<z.infer<Schema>> {
  if (response.ok) return await read(response, schema);
  const refusal = refusalSchema.safeParse(await response.json().catch(() => null));
  throw new Error(refusal.success ? refusal.data.error : `The studio refused this (${response.status}).`);
}

/** Asks for something that the studio may refuse. @throws Error with the studio's own words where it does */
export async function getOrRefuse<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>> {
  return await readOrRefuse(await ask(path), schema);
}
