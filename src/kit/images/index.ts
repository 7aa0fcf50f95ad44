export { type Alteration, alterImage } from './alter.ts';
export { type ImageArchive, isArchive, openArchive, readFromArchive } from './archive.ts';
export { blurImage } from './blur.ts';
export { type CropBox, type CropOptions, cropImage, type Rgb } from './crop.ts';
export { formatCsvRow, readCsv, type Table, writeCsv } from './csv.ts';
export { decodeImage } from './decode.ts';
export { encodeGreyPng, encodeJpeg, encodePng, encodeWebp, type LossyOptions } from './encode.ts';
export {
  type ImageFile,
  listImages,
  mapImages,
  type ReadImage,
  type ReadImagesOptions,
  readImages,
} from './folder.ts';
export { FORMAT_LIST, type ImageFormat, sniffFormat } from './formats.ts';
export type { Image } from './image.ts';
export { oneSpelling } from './label-values.ts';
export {
  type FolderLabelsOptions,
  type Labels,
  labelsFromFolders,
  type MatchedLabels,
  matchLabels,
  readFolderLabels,
  readLabels,
} from './labels.ts';
export { type Kernel, type ResizeOptions, resizeImage } from './resize.ts';
export { type PillowKernel, resizeLikePillow } from './resize-pillow.ts';
export { contactSheet, type SheetOptions } from './sheet.ts';
export { DEFAULT_LIMITS, type ImageSource, type ReadLimits, type ReadOptions } from './source.ts';
export { type TensorOptions, toTensor } from './tensor.ts';
export { type ThumbnailOptions, thumbnail } from './thumbnail.ts';
