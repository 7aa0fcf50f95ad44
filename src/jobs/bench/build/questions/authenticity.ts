import { PRESENTATIONS } from '../vocabulary.ts';
import { classesIn, classTemplates, type Trait } from './class-questions.ts';
import type { TaskMaker } from './draft.ts';

const LIVE = PRESENTATIONS.live;

/** Kinds that may stand as options beside those of a set, without being one of its kinds by another name. */
const OTHER_KINDS = [PRESENTATIONS.rigidMask, PRESENTATIONS.mannequin, PRESENTATIONS.screen];

const PRESENTATION: Trait = {
  id: 'presentation',
  classOf: ({ presentation }) => presentation,
  which: [
    'What is in front of the camera in this image?',
    'Somebody may be trying to deceive a face recognition system. What is presented to its camera here?',
    'Is this image bona fide, or which kind of attack does it show?',
  ],
  showing: value => {
    const what = `${value.charAt(0).toLowerCase()}${value.slice(1)}`;
    return value === LIVE
      ? ['a live person, not an attack']
      : [`${what} that is held before the camera`, `${what} instead of a plain live person`];
  },
};

const ATTACK: Trait = {
  id: 'attack',
  classOf: ({ presentation }) => (presentation === undefined ? undefined : presentation === LIVE ? 'live' : 'attack'),
  showing: value =>
    value === 'live'
      ? ['a live person before the camera', 'a bona fide face']
      : ['a presentation attack', 'an attempt to deceive the camera with something other than a plain live face'],
};

export const makeSpoofQuestions: TaskMaker = ({ pool }) => {
  const kinds = classesIn(pool, PRESENTATION.classOf, Object.values(PRESENTATIONS));
  if (kinds.length === 0) return 'no labels of live faces and presentation attacks';
  if (!kinds.includes(LIVE)) return 'no live faces beside its presentation attacks';
  if (kinds.length < 2) return 'no presentation attacks beside its live faces';
  const fill = OTHER_KINDS.filter(kind => !kinds.includes(kind));
  return {
    description:
      'Face recognition can be deceived by what is held before its camera, such as prints, screens and masks. Tell live faces from such presentation attacks, and name the kind of attack.',
    templates: [
      ...classTemplates({ ...PRESENTATION, fill }, kinds),
      ...classTemplates(ATTACK, classesIn(pool, ATTACK.classOf, ['live', 'attack'])),
    ],
  };
};

const MANIPULATED: Trait = {
  id: 'manipulated',
  classOf: ({ manipulated }) => (manipulated === undefined ? undefined : manipulated ? 'fake' : 'real'),
  showing: value =>
    value === 'fake'
      ? ['a manipulated face', 'a face that software has altered', 'a deepfake']
      : ['a genuine face', 'a face that software has not altered', 'an authentic face'],
};

export const makeDeepfakeQuestions: TaskMaker = ({ pool }) => {
  const kinds = classesIn(pool, MANIPULATED.classOf, ['real', 'fake']);
  if (kinds.length === 0) return 'no labels of genuine and manipulated faces';
  if (kinds.length === 1)
    return kinds[0] === 'real'
      ? 'no manipulated faces beside its genuine ones'
      : 'no genuine faces beside its manipulated ones';
  return {
    description:
      'Faces can be swapped or reenacted by software. Tell genuine faces from manipulated ones by what such methods leave behind: seams, soft features, colours that do not fit.',
    templates: classTemplates(MANIPULATED, kinds),
  };
};
