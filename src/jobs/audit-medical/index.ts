export {
  type AuditMedicalConfiguration,
  type AuditMedicalConfigurationInput,
  auditMedicalConfigurationSchema,
} from './configuration.ts';
export { type AuditMedicalEvent, auditMedicalJob, auditMedicalRun } from './job.ts';
export { countGaps, orderSlices } from './read/collect-items.ts';
export { type DicomImage, readDicom } from './read/read-dicom.ts';
export { isNifti, type NiftiVolume, readNifti } from './read/read-nifti.ts';
