export { createFaceSight, type FaceSight, type Likeness, type SeenFace, type Sight } from './face-sight.ts';
export { createFaceTools, faceToolsFor } from './face-tools.ts';
export { type HeadAngles, headAngles } from './head-angles.ts';
export { LOCAL_ANSWERERS } from './local-answerers.ts';
export { type OpenAnswererOptions, openAnswerer } from './open-answerer.ts';
export { createSpecialist, type SpecialistOptions } from './specialist.ts';
