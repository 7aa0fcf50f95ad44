export { createFaceSight, type FaceSight, type SeenFace, type Sight } from './face-sight.ts';
export { type HeadAngles, headAngles } from './head-angles.ts';
export { createSpecialist, type SpecialistOptions } from './specialist.ts';
