import { pathAdapter } from './make-adapter.ts';

const celebdf = pathAdapter({
  name: 'celeb-df',
  dataset: 'CelebDF',
  layout: 'Celeb-real, YouTube-real and Celeb-synthesis, with a folder of frames a video, called like it',
  pattern:
    /(?:^|\/)(?<kind>Celeb-real|YouTube-real|Celeb-synthesis)\/(?:(?:frames|images|videos)\/)?(?<clip>id\d+_id\d+_\d{4}|id\d+_\d{4}|\d{5})[/_.-][^/]*$/,
  labels: ({ kind, clip = '' }) => ({
    clip: `${kind}/${clip}`,
    // A swapped face shows one person's features in another's video: it is nobody's image.
    ...(kind === 'Celeb-real' ? { subject: clip.split('_', 1)[0]! } : {}),
    manipulated: kind === 'Celeb-synthesis',
  }),
});

const faceforensics = pathAdapter({
  name: 'faceforensics',
  dataset: 'FF++',
  layout:
    'original_sequences and manipulated_sequences, with SOURCE/COMPRESSION/images/VIDEO/0000.png in them (or frames, or faces)',
  pattern:
    /(?:^|\/)(?<kind>original|manipulated)_sequences\/(?<source>\w+)\/\w+\/(?:images|frames|faces|videos)\/(?<clip>[^/]+?)[/.][^/]*$/,
  labels: ({ kind, source, clip }) => ({ clip: `${source}/${clip}`, manipulated: kind === 'manipulated' }),
});

export const DEEPFAKE_ADAPTERS = [celebdf, faceforensics];
