export {
  type AuditVideoConfiguration,
  type AuditVideoConfigurationInput,
  auditVideoConfigurationSchema,
} from './configuration.ts';
export { type AuditVideoEvent, auditVideoJob, auditVideoRun, resumeAuditVideo } from './job.ts';
export { clipScore, contentScore, pairScore } from './measure/content.ts';
export { type LineMatch, SCALINGS } from './measure/lines.ts';
export { type Products, type Track, wholeMatrix } from './measure/products.ts';
export { findSegments, type Segment } from './measure/segments.ts';
export { microAp, readVscTruth, segmentAp, type VscMatch, type VscPrediction } from './measure/vsc.ts';
export { FIELD_WIDTH, type MotionField, poolFlow } from './motion/fields.ts';
export { FLOW_SIDE, type Flow, FlowEstimator } from './motion/flow.ts';
export { greySquare, type Region } from './motion/grey-square.ts';
export { type ClipMotion, MOTION_FLOOR, mirrorFields, motionScore, normaliseMotion } from './motion/motion-score.ts';
export { findPicture } from './read/bars.ts';
export { type ClipFeatures, readFeatures } from './read/clip-features.ts';
