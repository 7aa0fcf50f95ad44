import { z } from 'zod';
import { deviceField, field, noFaceField, pathSchema, seedField } from '../../../kit/job/index.ts';

/** What decides an embedding, and whether readings are kept: the same for verification, identification and templates. */
export const embeddingFields = () => ({
  centre: field(pathSchema.optional(), {
    flag: '--centre <path>',
    help: 'other people, images or embeddings, whose mean embedding is subtracted before comparing',
    is: 'images-or-embeddings',
    otherwise: 'nothing is subtracted',
  }),
  embedder: field(pathSchema.default('built-in'), {
    flag: '--embedder <path>',
    help: '"built-in" (faces), "appearance" (whole images), or an ONNX embedder with its model card',
    is: 'onnx-model',
    words: ['built-in', 'appearance'],
  }),
  noFace: noFaceField(),
  cache: field(z.boolean().default(true), {
    flag: '--no-cache',
    help: 'read every image anew, and keep no readings beside the runs',
  }),
  seed: seedField(),
  device: deviceField(),
});

/** Whose faces they are. */
export const labelFields = () => ({
  labels: field(pathSchema.optional(), {
    flag: '--labels <csv>',
    help: 'table with a line an image or an embedding, and a column that names the person',
    is: 'label-table',
    otherwise: 'a folder for each person',
  }),
  identity: field(z.string().min(1).max(200).optional(), {
    flag: '--identity <column>',
    help: 'column of the labels that names the person',
    otherwise: 'identity, person, subject, name, label or id',
  }),
});

/** The people who are compared: images, or embeddings made elsewhere. */
export const peopleFields = () => ({
  images: field(pathSchema.optional(), {
    flag: '--images <dir>',
    argument: 'dir',
    help: 'images of people, a folder for each person',
    is: 'image-folder',
  }),
  embeddings: field(pathSchema.optional(), {
    flag: '--embeddings <file>',
    help: 'embeddings made elsewhere instead (.npy, .npz, .safetensors), with --labels',
    is: 'images-or-embeddings',
  }),
});
