export { AdditiveGallery } from './gallery.ts';
export { AdditiveHolder, type AdditiveKeys, type Encrypted } from './holder.ts';
export { type AdditiveKernel, plainKernel } from './kernel.ts';
export { type AdditivePlan, DEGREE, planAdditive } from './parameters.ts';
export { ephemeralLedger, type Slot, type SlotLedger, slotOf } from './slots.ts';
