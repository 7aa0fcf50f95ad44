export { nodePrimitives } from './secure/node.ts';
