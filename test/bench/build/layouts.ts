import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { TaskCode } from '../../../src/ground/contracts/index.ts';
import type { LabelledImage } from '../../../src/jobs/bench/build/index.ts';
import { encodePng } from '../../../src/kit/images/index.ts';
import { drawing } from '../official-folder.ts';

/** A tiny folder in the layout in which a set of faces is distributed. */
export interface Layout {
  /** Of the adapter that must be told from the others. */
  readonly adapter: string;
  readonly files: () => Promise<Record<string, string | Uint8Array>>;
  /** Images with labels that count. */
  readonly images: number;
  /** What is said of some of them; what is not named here may be anything. */
  readonly labels: Readonly<Record<string, Partial<Omit<LabelledImage, 'regions'>>>>;
  /** The tasks of which questions can be made. */
  readonly tasks: readonly TaskCode[];
}

const fixture = (name: string): Uint8Array => readFileSync(resolve(import.meta.dirname, 'fixtures', name));

let drawn = 0;
/** An image unlike any other. */
const picture = (): Promise<Uint8Array> => encodePng(drawing(5000 + drawn++, 64));

async function pictures(names: readonly string[]): Promise<Record<string, Uint8Array>> {
  const entries = await Promise.all(names.map(async name => [name, await picture()] as const));
  return Object.fromEntries(entries);
}

/** A mask in grey levels: bands of `levels` from top to bottom. */
function bands(levels: readonly number[], side = 64): Promise<Uint8Array> {
  const data = new Uint8Array(side * side * 3);
  for (let i = 0; i < side * side; i++)
    data.fill(levels[Math.floor((i / side / side) * levels.length)]!, i * 3, i * 3 + 3);
  return encodePng({ width: side, height: side, data });
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const pad = (n: number, digits: number): string => String(n).padStart(digits, '0');
const lines = (all: readonly string[]): string => `${all.join('\n')}\n`;

const PEOPLE = [
  'Ada Stone',
  'Bo Rivers',
  'Cy Field',
  'Di Hill',
  'Eli Marsh',
  'Flo Woods',
  'Gus Lake',
  'Hal Brook',
  'Ida Moor',
  'Joy Glen',
];
const underscored = PEOPLE.map(name => name.replace(' ', '_'));
/** Every person in `each` images. */
const castOf = (each: number): { who: number; n: number }[] =>
  range(PEOPLE.length).flatMap(who => range(each).map(n => ({ who, n: n + 1 })));

const BIAS: readonly TaskCode[] = ['age', 'gender', 'race'];
const RECOGNITION: readonly TaskCode[] = ['hr_fr', 'lr_fr', 'celebrity_identification'];

const AGES = ['0-2', '3-9', '10-19', '20-29', '30-39', '40-49', '50-59', '60-69', 'more than 70'];
const RACES = ['White', 'Black', 'Latino_Hispanic', 'East Asian', 'Southeast Asian', 'Indian', 'Middle Eastern'];

const fairface: Layout = {
  adapter: 'fairface',
  files: async () => ({
    ...(await pictures(range(40).map(i => `${i < 30 ? 'train' : 'val'}/${i + 1}.png`))),
    'fairface_label_train.csv': lines([
      'file,age,gender,race,service_test',
      ...range(31).map(
        i => `train/${i + 1}.png,${AGES[i % 9]},${i % 2 === 0 ? 'Male' : 'Female'},${RACES[i % 7]},True`,
      ),
    ]),
    'fairface_label_val.csv': lines([
      'file,age,gender,race,service_test',
      ...range(10).map(
        i => `val/${i + 31}.png,${AGES[i % 9]},${i % 2 === 0 ? 'Female' : 'Male'},${RACES[i % 7]},False`,
      ),
    ]),
  }),
  // Its table names an image more than there are.
  images: 40,
  labels: {
    'train/1.png': { age: [0, 2], gender: 'male', race: 'White' },
    'train/9.png': { age: [70, 120], race: 'Black' },
    'train/3.png': { race: 'Latino or Hispanic' },
    'val/31.png': { age: [0, 2], gender: 'female', race: 'White' },
  },
  tasks: BIAS,
};

const utkface: Layout = {
  adapter: 'utkface',
  files: () =>
    pictures([
      ...range(30).map(i => `part1/${(i * 13) % 90}_${i % 2}_${i % 5}_201701161840${pad(i, 5)}.png.chip.png`),
      'part1/39_1_20170116174525125.png',
    ]),
  // One of the real set has a name without a race, as some have; it is passed over.
  images: 30,
  labels: {
    'part1/13_1_1_20170116184000001.png.chip.png': { age: [13, 13], gender: 'female', race: 'Black' },
    'part1/52_0_4_20170116184000004.png.chip.png': { age: [52, 52], gender: 'male', race: undefined },
  },
  tasks: BIAS,
};

const imdb: Layout = {
  adapter: 'imdb',
  files: async () => ({
    // scipy.io.savemat of a struct "imdb": ten people with two images each, then one without a face and one with two.
    'imdb_crop/imdb.mat': fixture('imdb.mat'),
    ...(await pictures([
      ...range(10).flatMap(i =>
        range(2).map(k => `imdb_crop/${pad(i, 2)}/nm000000${i}_rm${k}_1960-5-1_${1990 + i + k}.jpg`),
      ),
    ])),
  }),
  images: 20,
  labels: {
    'imdb_crop/00/nm0000000_rm0_1960-5-1_1990.jpg': {
      name: 'Ada Stone',
      subject: 'Ada Stone',
      gender: 'female',
      age: [30, 30],
    },
  },
  tasks: ['gender', ...RECOGNITION],
};

const imdbTable: Layout = {
  adapter: 'imdb',
  files: async () => ({
    ...(await pictures(castOf(2).map(({ who, n }) => `crop/${pad(who, 2)}/${n}.png`))),
    'imdb.csv': lines([
      'full_path,name,gender,dob,photo_taken',
      ...castOf(2).map(
        // A day of MATLAB's calendar (datenum(1960, 5, 1) is 715997), or a date.
        ({ who, n }) =>
          `${pad(who, 2)}/${n}.png,${PEOPLE[who]},${who % 2},${who < 5 ? 715_997 + 3653 * who : `19${60 + who}-05-01`},2005`,
      ),
    ]),
  }),
  images: 20,
  labels: {
    'crop/00/1.png': { name: 'Ada Stone', gender: 'female', age: [45, 45] },
    'crop/09/1.png': { name: 'Joy Glen', gender: 'male', age: [36, 36] },
  },
  tasks: ['gender', ...RECOGNITION],
};

const lapa: Layout = {
  adapter: 'lapa',
  files: async () => {
    const names = range(12).map(i => `test/images/${i}.jpg`);
    // Skin, brows, eyes, nose, lips, hair.
    const masks = await Promise.all(names.map(() => bands([10, 1, 2, 4, 6, 7, 9, 1])));
    return {
      ...(await pictures(names)),
      ...Object.fromEntries(masks.map((mask, i) => [`test/labels/${i}.png`, mask])),
    };
  },
  images: 12,
  labels: { 'test/images/3.jpg': {} },
  tasks: ['segmentation'],
};

const CELEBA_NAMES = ['5_o_Clock_Shadow', 'Bald', 'Blurry', 'Eyeglasses', 'Male', 'Smiling', 'Wearing_Hat', 'Young'];
const celebaValues = (i: number): string[] =>
  CELEBA_NAMES.map((_, k) => (((i * 7 + k * 3) >> (k % 3)) % 2 ? '1' : '-1'));

const celebamask: Layout = {
  adapter: 'celebamask-hq',
  files: async () => {
    const folder = 'CelebAMask-HQ/CelebAMask-HQ-mask-anno';
    const parts = ['hair', 'skin', 'nose', 'l_lip', 'neck'];
    const masks = await Promise.all(
      range(12).flatMap(i =>
        parts.map(async (part, k) => {
          const levels = range(parts.length).map(at => (at === k ? 255 : 0));
          return [
            `${folder}/${i < 6 ? 0 : 1}/${pad(i < 6 ? i : 1994 + i, 5)}_${part}.png`,
            await bands(levels),
          ] as const;
        }),
      ),
    );
    return {
      ...(await pictures(range(12).map(i => `CelebAMask-HQ/CelebA-HQ-img/${i < 6 ? i : 1994 + i}.jpg`))),
      ...Object.fromEntries(masks),
      'CelebAMask-HQ/CelebAMask-HQ-attribute-anno.txt': lines([
        '12',
        CELEBA_NAMES.join(' '),
        ...range(12).map(i => `${i < 6 ? i : 1994 + i}.jpg  ${celebaValues(i).join(' ')}`),
      ]),
    };
  },
  images: 12,
  labels: { 'CelebAMask-HQ/CelebA-HQ-img/0.jpg': { gender: 'female' } },
  tasks: ['segmentation', 'attributes', 'gender'],
};

const celeba: Layout = {
  adapter: 'celeba',
  files: async () => ({
    ...(await pictures(range(30).map(i => `img_align_celeba/${pad(i + 1, 6)}.jpg`))),
    'list_attr_celeba.txt': lines([
      '30',
      `${CELEBA_NAMES.join(' ')} `,
      ...range(30).map(i => `${pad(i + 1, 6)}.jpg ${celebaValues(i).join('  ')}`),
    ]),
    'identity_CelebA.txt': lines(range(30).map(i => `${pad(i + 1, 6)}.jpg ${1000 + (i % 10)}`)),
  }),
  images: 30,
  labels: {
    'img_align_celeba/000001.jpg': {
      subject: '1000',
      gender: 'female',
      present: ["Five o'clock shadow", 'Bald', 'Eyeglasses', 'Smiling', 'Wearing hat'].filter(
        name => celebaValues(0)[CELEBA_NAMES.findIndex(other => name.startsWith(other.slice(0, 4)))] === '1',
      ),
    },
  },
  tasks: ['attributes', 'gender', 'hr_fr'],
};

const RAF = ['Surprise', 'Fear', 'Disgust', 'Happiness', 'Sadness', 'Anger', 'Neutral'];
const rafdb: Layout = {
  adapter: 'raf-db',
  files: async () => ({
    ...(await pictures([
      ...range(28).map(i => `basic/Image/aligned/${i < 20 ? 'train' : 'test'}_${pad(i + 1, 5)}_aligned.jpg`),
      ...range(28).map(i => `basic/Image/original/${i < 20 ? 'train' : 'test'}_${pad(i + 1, 5)}.jpg`),
    ])),
    'basic/EmoLabel/list_patition_label.txt': lines(
      range(28).map(i => `${i < 20 ? 'train' : 'test'}_${pad(i + 1, 5)}.jpg ${(i % 7) + 1}`),
    ),
  }),
  // The aligned images alone: the others show the same faces.
  images: 28,
  labels: Object.fromEntries(
    RAF.map((expression, i) => [`basic/Image/aligned/train_${pad(i + 1, 5)}_aligned.jpg`, { expression }]),
  ),
  tasks: ['expression'],
};

const AFFECT = ['Neutral', 'Happiness', 'Sadness', 'Surprise', 'Fear', 'Disgust', 'Anger', 'Contempt'];
const affectnet: Layout = {
  adapter: 'affectnet',
  files: async () => ({
    ...(await pictures(range(33).map(i => `Manually_Annotated_Images/${i % 3}/${pad(i, 4)}.jpg`))),
    'training.csv': lines([
      'subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal',
      ...range(33).map(i => `${i % 3}/${pad(i, 4)}.jpg,4,6,50,52,1;2;3,${i < 32 ? i % 8 : 9},0.1,0.2`),
    ]),
  }),
  images: 33,
  labels: {
    'Manually_Annotated_Images/0/0000.jpg': { expression: 'Neutral', box: { x: 4, y: 6, width: 50, height: 52 } },
    'Manually_Annotated_Images/1/0007.jpg': { expression: 'Contempt' },
    // Class 9 is "uncertain".
    'Manually_Annotated_Images/2/0032.jpg': { expression: undefined },
  },
  tasks: ['expression'],
};

const affectnetFiles: Layout = {
  adapter: 'affectnet-8',
  files: async () => ({
    ...(await pictures(range(32).map(i => `val_set/images/${i}.jpg`))),
    // np.save of an array of one text of a digit.
    ...Object.fromEntries(range(32).map(i => [`val_set/annotations/${i}_exp.npy`, fixture(`${i % 8}_exp.npy`)])),
  }),
  images: 32,
  labels: Object.fromEntries(AFFECT.map((expression, i) => [`val_set/images/${i}.jpg`, { expression }])),
  tasks: ['expression'],
};

const aflw2000: Layout = {
  adapter: 'aflw2000',
  files: async () => {
    const stems = range(18).map(i => `AFLW2000/image${pad(i + 2, 5)}`);
    return {
      ...(await pictures(stems.map(stem => `${stem}.jpg`))),
      ...Object.fromEntries(stems.map((stem, i) => [`${stem}.mat`, fixture(`aflw2000/image0000${2 + (i % 6)}.mat`)])),
    };
  },
  images: 18,
  // Of scipy.io.savemat: pitch 5, yaw −24 and roll 3 degrees, in radians; yaw is turned about.
  labels: { 'AFLW2000/image00002.jpg': { pose: { pitch: 5, yaw: 24, roll: 3 } } },
  tasks: ['headpose'],
};

/** The rotation about the vertical axis that turns a face by `yaw` degrees towards the right edge, and nothing else. */
function turned(yaw: number): string {
  const [c, s] = [Math.cos((yaw * Math.PI) / 180), Math.sin((yaw * Math.PI) / 180)];
  // The face looks along −z: its third column, turned about, points to the right for a positive yaw.
  const rows = [
    [c, 0, -s],
    [0, 1, 0],
    [s, 0, c],
  ];
  return `${rows.map(row => row.map(value => value.toFixed(6)).join(' ')).join('\n')}\n\n12.3 45.6 900.1\n`;
}

const biwi: Layout = {
  adapter: 'biwi',
  files: async () => {
    const frames = range(24).map(i => `hpdb/${pad(Math.floor(i / 2) + 1, 2)}/frame_${pad(i + 3, 5)}`);
    return {
      ...(await pictures(frames.map(frame => `${frame}_rgb.png`))),
      ...Object.fromEntries(frames.map((frame, i) => [`${frame}_pose.txt`, turned(-58 + 5 * i)])),
    };
  },
  images: 24,
  labels: {
    'hpdb/01/frame_00003_rgb.png': { clip: '01', pose: { yaw: -58, pitch: 0, roll: 0 } },
    'hpdb/12/frame_00026_rgb.png': { clip: '12', pose: { yaw: 57, pitch: 0, roll: 0 } },
  },
  tasks: ['headpose'],
};

const jhu: Layout = {
  adapter: 'jhu-crowd',
  files: async () => ({
    ...(await pictures(range(10).map(i => `jhu_crowd_v2.0/${i < 5 ? 'train' : 'test'}/images/${pad(i, 4)}.jpg`))),
    'jhu_crowd_v2.0/train/image_labels.txt': lines(range(5).map(i => `${pad(i, 4)},${(i + 1) * 17},street,0,0`)),
    'jhu_crowd_v2.0/test/image_labels.txt': lines(range(5).map(i => `${pad(i + 5, 4)},${i + 2},stadium,1,0`)),
  }),
  images: 10,
  labels: {
    'jhu_crowd_v2.0/train/images/0001.jpg': { people: 34 },
    'jhu_crowd_v2.0/test/images/0005.jpg': { people: 2 },
  },
  tasks: ['crowd_counting'],
};

const shanghai: Layout = {
  adapter: 'shanghaitech',
  files: async () => ({
    ...(await pictures(range(5).map(i => `part_A/test_data/images/IMG_${i + 1}.jpg`))),
    // scipy.io.savemat of image_info, a cell with a struct of locations and their number.
    ...Object.fromEntries(
      range(5).map(i => [
        `part_A/test_data/ground-truth/GT_IMG_${i + 1}.mat`,
        fixture(`shanghaitech/GT_IMG_${i + 1}.mat`),
      ]),
    ),
  }),
  images: 5,
  labels: {
    'part_A/test_data/images/IMG_1.jpg': { people: 3 },
    'part_A/test_data/images/IMG_5.jpg': { people: 70 },
  },
  tasks: ['crowd_counting'],
};

/** Frames of videos, in a folder a video. */
const framesOf = (videos: readonly string[]): Promise<Record<string, Uint8Array>> =>
  pictures(videos.map(video => `${video}/frame_0001.png`));

const LIVE = 'A live person';

const wmca: Layout = {
  adapter: 'wmca',
  files: () =>
    framesOf(
      range(24).map(i => {
        const [type, instrument] = [
          ['0', '00'],
          ['2', '01'],
          ['3', '01'],
          ['3', '05'],
          ['0', '00'],
          ['2', '75'],
        ][i % 6]!;
        return `face-station/12.02.18/${pad(i + 1, 3)}_01_${pad(i + 1, 3)}_${type}_${instrument}`;
      }),
    ),
  images: 24,
  labels: {
    'face-station/12.02.18/001_01_001_0_00/frame_0001.png': { presentation: LIVE, subject: '001' },
    'face-station/12.02.18/002_01_002_2_01/frame_0001.png': { presentation: 'A mannequin head', subject: undefined },
    'face-station/12.02.18/004_01_004_3_05/frame_0001.png': { presentation: 'A photo or video on a screen' },
    'face-station/12.02.18/006_01_006_2_75/frame_0001.png': { presentation: 'A flexible silicone mask' },
  },
  tasks: ['fas'],
};

const msu: Layout = {
  adapter: 'msu-mfsd',
  files: () =>
    framesOf(
      range(12).flatMap(i => [
        `real/real_client${pad(i, 3)}_android_SD_scene01`,
        `attack/attack_client${pad(i, 3)}_laptop_SD_${['ipad_video', 'iphone_video', 'printed_photo'][i % 3]}_scene01`,
      ]),
    ),
  images: 24,
  labels: {
    'real/real_client003_android_SD_scene01/frame_0001.png': { presentation: LIVE, subject: '003' },
    'attack/attack_client002_laptop_SD_printed_photo_scene01/frame_0001.png': { presentation: 'A printed photo' },
    'attack/attack_client000_laptop_SD_ipad_video_scene01/frame_0001.png': {
      presentation: 'A photo or video on a screen',
    },
  },
  tasks: ['fas'],
};

const casia: Layout = {
  adapter: 'casia-mfsd',
  files: () =>
    framesOf(
      [1, 2, 3].flatMap(client =>
        ['1', '2', 'HR_1', '3', '5', '7', 'HR_2', 'HR_3', 'HR_4'].map(video => `train_release/${client}/${video}`),
      ),
    ),
  images: 27,
  labels: {
    'train_release/1/HR_1/frame_0001.png': { presentation: LIVE, subject: 'train-1' },
    'train_release/2/3/frame_0001.png': { presentation: 'A bent printed photo' },
    'train_release/2/HR_3/frame_0001.png': { presentation: 'A printed photo with cut-out eyes' },
    'train_release/3/HR_4/frame_0001.png': { presentation: 'A photo or video on a screen' },
  },
  tasks: ['fas'],
};

const replay: Layout = {
  adapter: 'replay-attack',
  files: () =>
    framesOf(
      range(8).flatMap(i => [
        `devel/real/client${pad(i, 3)}_session01_webcam_authenticate_adverse_1`,
        `devel/attack/fixed/attack_print_client${pad(i, 3)}_session01_highdef_photo_controlled`,
        `devel/attack/hand/attack_mobile_client${pad(i, 3)}_session01_mobile_video_adverse`,
      ]),
    ),
  images: 24,
  labels: {
    'devel/real/client004_session01_webcam_authenticate_adverse_1/frame_0001.png': {
      presentation: LIVE,
      subject: '004',
    },
    'devel/attack/fixed/attack_print_client004_session01_highdef_photo_controlled/frame_0001.png': {
      presentation: 'A printed photo',
      subject: undefined,
    },
    'devel/attack/hand/attack_mobile_client004_session01_mobile_video_adverse/frame_0001.png': {
      presentation: 'A photo or video on a screen',
    },
  },
  tasks: ['fas'],
};

const celebdf: Layout = {
  adapter: 'celeb-df',
  files: () =>
    framesOf([
      ...range(16).map(i => `Celeb-real/id${i % 8}_000${Math.floor(i / 8)}`),
      ...range(4).map(i => `YouTube-real/${pad(i, 5)}`),
      ...range(8).map(i => `Celeb-synthesis/id${i}_id${(i + 1) % 8}_0000`),
    ]),
  images: 28,
  labels: {
    'Celeb-real/id3_0001/frame_0001.png': { manipulated: false, subject: 'id3', clip: 'Celeb-real/id3_0001' },
    'YouTube-real/00002/frame_0001.png': { manipulated: false, subject: undefined },
    'Celeb-synthesis/id2_id3_0000/frame_0001.png': { manipulated: true, subject: undefined },
  },
  tasks: ['deepfakes'],
};

const faceforensics: Layout = {
  adapter: 'faceforensics',
  files: () =>
    framesOf([
      ...range(8).map(i => `original_sequences/youtube/c23/images/${pad(i, 3)}`),
      ...['Deepfakes', 'Face2Face'].flatMap(method =>
        range(6).map(i => `manipulated_sequences/${method}/c23/images/${pad(i, 3)}_${pad(i + 1, 3)}`),
      ),
    ]),
  images: 20,
  labels: {
    'original_sequences/youtube/c23/images/002/frame_0001.png': { manipulated: false, clip: 'youtube/002' },
    'manipulated_sequences/Deepfakes/c23/images/002_003/frame_0001.png': {
      manipulated: true,
      clip: 'Deepfakes/002_003',
    },
  },
  tasks: ['deepfakes'],
};

const lfw: Layout = {
  adapter: 'lfw',
  files: async () => ({
    ...(await pictures(castOf(4).map(({ who, n }) => `lfw/${underscored[who]}/${underscored[who]}_${pad(n, 4)}.jpg`))),
    // The fourth image of each person is in no pair.
    'pairs.txt': lines([
      '10\t300',
      ...underscored.map(name => `${name}\t1\t2`),
      ...underscored.map((name, i) => `${name}\t3\t${underscored[(i + 1) % 10]}\t1`),
    ]),
  }),
  images: 30,
  labels: { 'lfw/Ada_Stone/Ada_Stone_0003.jpg': { subject: 'Ada_Stone', name: 'Ada Stone' } },
  tasks: RECOGNITION,
};

const agedb: Layout = {
  adapter: 'agedb',
  files: () =>
    pictures(
      castOf(3).map(
        ({ who, n }) =>
          `AgeDB/${who * 3 + n}_${PEOPLE[who]!.replace(' ', '')}_${20 + 4 * who + 7 * n}_${who % 2 ? 'm' : 'f'}.jpg`,
      ),
    ),
  images: 30,
  labels: {
    'AgeDB/1_AdaStone_27_f.jpg': { subject: 'AdaStone', name: 'Ada Stone', age: [27, 27], gender: 'female' },
  },
  tasks: ['age', 'gender', ...RECOGNITION],
};

const flatPairs = (dataset: 'CALFW' | 'CPLFW'): Layout => ({
  adapter: dataset.toLowerCase(),
  files: async () => {
    const names = castOf(3).map(({ who, n }) => `${underscored[who]}_${n}.jpg`);
    return {
      ...(await pictures([
        ...names.map(name => `aligned images/${name}`),
        ...names.map(name => `images&landmarks/images/${name}`),
        'aligned images/Nobody_Paired_1.jpg',
      ])),
      [`pairs_${dataset}.txt`]: lines(names.map((name, i) => `${name} ${Math.floor(i / 6)}`)),
    };
  },
  images: 30,
  labels: { 'aligned images/Ada_Stone_1.jpg': { subject: 'Ada_Stone', name: 'Ada Stone' } },
  tasks: RECOGNITION,
});

const cfp = (views: 'ff' | 'fp'): Layout => ({
  adapter: `cfp-${views}`,
  files: () =>
    pictures(
      range(10).flatMap(i => [
        ...range(3).map(k => `Data/Images/${pad(i + 1, 3)}/frontal/${pad(k + 1, 2)}.jpg`),
        ...(views === 'ff' ? [] : range(2).map(k => `Data/Images/${pad(i + 1, 3)}/profile/${pad(k + 1, 2)}.jpg`)),
      ]),
    ),
  images: views === 'ff' ? 30 : 50,
  labels: { 'Data/Images/007/frontal/02.jpg': { subject: '007' } },
  tasks: RECOGNITION,
});

const tinyface: Layout = {
  adapter: 'tinyface',
  files: () =>
    pictures([
      ...range(6).flatMap(i => range(3).map(k => `tinyface/Training_Set/${i + 1}/${i + 1}_${k + 1}.jpg`)),
      ...range(4).flatMap(i => [
        `tinyface/Testing_Set/Gallery_Match/${i + 90}_1.jpg`,
        `tinyface/Testing_Set/Probe/${i + 90}_2.jpg`,
        `tinyface/Testing_Set/Gallery_Distractor/${i + 900}.jpg`,
      ]),
    ]),
  images: 26,
  labels: {
    'tinyface/Training_Set/2/2_3.jpg': { subject: '2' },
    'tinyface/Testing_Set/Probe/91_2.jpg': { subject: '91' },
  },
  // Of identity it supports those of low resolution alone, and introductions.
  tasks: ['lr_fr', 'celebrity_identification'],
};

const table: Layout = {
  adapter: 'table',
  files: async () => ({
    ...(await pictures(range(40).map(i => `faces/${i}.png`))),
    'labels.csv': lines([
      'file,Person,age_group,Sex,ethnicity,emotion,yaw,pitch,roll,hat,hair,spoof,fake,count',
      ...range(40).map(i =>
        [
          `faces/${i}.png`,
          `p${i % 10}`,
          ['20-29', '40-49', '70+', '12'][i % 4],
          i % 2 ? 'f' : 'Male',
          ['White', 'Black', 'Indian', 'East Asian'][i % 4],
          ['happy', 'sad', 'angry', 'neutral'][Math.floor(i / 4) % 4],
          -60 + 3 * i,
          2 * (i % 20) - 17,
          i - 20,
          i % 3 ? 'no' : 'yes',
          ['black', 'brown', 'red'][i % 3],
          i % 5 < 2 ? 'live' : ['print', 'screen', 'mask'][i % 3],
          i % 2 ? 'true' : 'false',
          1 + (i % 9),
        ].join(','),
      ),
    ]),
  }),
  images: 40,
  labels: {
    'faces/0.png': {
      subject: 'p0',
      age: [20, 29],
      gender: 'male',
      race: 'White',
      expression: 'Happiness',
      pose: { yaw: -60, pitch: -17, roll: -20 },
      present: ['Hat', 'Hair: black'],
      absent: ['Hair: brown', 'Hair: red'],
      presentation: LIVE,
      manipulated: false,
      people: 1,
    },
    'faces/2.png': { age: [70, 120], presentation: 'A rigid mask' },
    'faces/3.png': { age: [12, 12], gender: 'female', presentation: 'A printed photo', manipulated: true },
  },
  tasks: [...BIAS, ...RECOGNITION, 'fas', 'deepfakes', 'attributes', 'expression', 'headpose', 'crowd_counting'],
};

const personFolders: Layout = {
  adapter: 'person-folders',
  files: () => pictures(range(8).flatMap(i => range(4).map(k => `s${i + 1}/${k + 1}.png`))),
  images: 32,
  labels: { 's3/2.png': { subject: 's3' } },
  tasks: RECOGNITION,
};

export const LAYOUTS: readonly Layout[] = [
  fairface,
  utkface,
  imdb,
  imdbTable,
  lapa,
  celebamask,
  celeba,
  rafdb,
  affectnet,
  affectnetFiles,
  aflw2000,
  biwi,
  jhu,
  shanghai,
  wmca,
  msu,
  casia,
  replay,
  celebdf,
  faceforensics,
  agedb,
  flatPairs('CALFW'),
  flatPairs('CPLFW'),
  cfp('ff'),
  cfp('fp'),
  tinyface,
  lfw,
  table,
  personFolders,
];
