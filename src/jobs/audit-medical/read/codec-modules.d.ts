// These packages come without types; what is used of them is described in codecs.ts.
declare module '@cornerstonejs/codec-charls';
declare module '@cornerstonejs/codec-libjpeg-turbo-8bit';
declare module '@cornerstonejs/codec-openjpeg';
declare module '@cornerstonejs/codec-openjph';
declare module 'jpeg-lossless-decoder-js';
