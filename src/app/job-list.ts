// The registry: every job there is, a line each. A new job is its folder, its page's folder, and its line here.
export { auditJob } from '../jobs/audit/job.ts';
export { auditMedicalJob } from '../jobs/audit-medical/job.ts';
export { auditTextJob } from '../jobs/audit-text/job.ts';
export { auditVideoJob } from '../jobs/audit-video/job.ts';
export { benchJob } from '../jobs/bench/job.ts';
export { federationJob, simulationJob } from '../jobs/federated/job.ts';
export { trainingJob } from '../jobs/generators/job.ts';
export { mitigationJob } from '../jobs/mitigation/job.ts';
export { selectionJob } from '../jobs/selection/job.ts';
export { studyJob } from '../jobs/study/job.ts';
export { templateAttackJob, templateJob } from '../jobs/templates/job.ts';
export { identificationJob, verificationJob } from '../jobs/verification/job.ts';
