import { z } from 'zod';

/** One line of `items.jsonl` of a job that embeds images: an image that was read, or why it could not be. */
export const faceItemSchema = z.union([
  z.object({
    set: z.string(),
    file: z.string(),
    /** Little-endian float32 in base64. */
    embedding: z.string(),
    /** SHA-256 of the file's bytes as they were read. */
    digest: z.string().optional(),
  }),
  z.object({ set: z.string(), file: z.string(), skipped: z.string(), digest: z.string().optional() }),
]);
export type FaceItem = z.infer<typeof faceItemSchema>;

/** Items of a run are told apart by their set and file. */
export function itemKey({ set, file }: { readonly set: string; readonly file: string }): string {
  return `${set}/${file}`;
}

/** An embedding as the text of an item. */
export function encodeEmbedding(embedding: Float32Array): string {
  const bytes = new DataView(new ArrayBuffer(embedding.length * 4));
  embedding.forEach((value, i) => {
    bytes.setFloat32(4 * i, value, true);
  });
  return Buffer.from(bytes.buffer).toString('base64');
}

/** The embedding that {@link encodeEmbedding} wrote. */
export function decodeEmbedding(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => bytes.readFloatLE(4 * i));
}
