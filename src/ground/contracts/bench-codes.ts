/** The six categories of FaceXBench, in the order of its tables. */
export const CATEGORIES = [
  { code: 'bias_fairness', name: 'Bias & Fairness' },
  { code: 'face_recognition', name: 'Face Recognition' },
  { code: 'fas_deepfakes', name: 'Face Authentication' },
  { code: 'attributes_expression', name: 'Face Analysis' },
  { code: 'face_localization', name: 'Face Localization' },
  { code: 'tools_use', name: 'Face Tools Use' },
] as const;

/** The fourteen tasks of FaceXBench with their category, in the order of its tables. */
export const TASKS = [
  { code: 'age', name: 'Age Estimation', category: 'bias_fairness' },
  { code: 'gender', name: 'Gender Prediction', category: 'bias_fairness' },
  { code: 'race', name: 'Race Estimation', category: 'bias_fairness' },
  { code: 'hr_fr', name: 'HR Face Recognition', category: 'face_recognition' },
  { code: 'lr_fr', name: 'LR Face Recognition', category: 'face_recognition' },
  { code: 'celebrity_identification', name: 'Celebrity Identification', category: 'face_recognition' },
  { code: 'fas', name: 'Face Anti-spoofing', category: 'fas_deepfakes' },
  { code: 'deepfakes', name: 'Deepfake Detection', category: 'fas_deepfakes' },
  { code: 'attributes', name: 'Attributes Prediction', category: 'attributes_expression' },
  { code: 'expression', name: 'Facial Expression Recognition', category: 'attributes_expression' },
  { code: 'headpose', name: 'Headpose Estimation', category: 'face_localization' },
  { code: 'crowd_counting', name: 'Crowd Counting', category: 'face_localization' },
  { code: 'segmentation', name: 'Face Parsing', category: 'face_localization' },
  { code: 'tools_retrieval', name: 'Face Tools Retrieval', category: 'tools_use' },
] as const;

export type CategoryCode = (typeof CATEGORIES)[number]['code'];
export type TaskCode = (typeof TASKS)[number]['code'];

const NAMES: ReadonlyMap<string, string> = new Map([...CATEGORIES, ...TASKS].map(entry => [entry.code, entry.name]));

/** What people call a category or task; an unknown code is its own name. */
export function nameOfCode(code: string): string {
  return NAMES.get(code) ?? code;
}
