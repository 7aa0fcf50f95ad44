import { BiolensError } from '../../../../ground/errors.ts';
import type { HeadPose } from '../labelled-image.ts';
import { readMat } from '../mat-file.ts';
import { pathAdapter } from './make-adapter.ts';

const degrees = (radians: number): number => (radians * 180) / Math.PI;

const aflw2000 = pathAdapter({
  name: 'aflw2000',
  dataset: 'AFLW2000',
  layout: 'image00002.jpg beside image00002.mat, whose Pose_Para begins with pitch, yaw and roll in radians',
  pattern: /^(?<stem>.*image\d{5})\.\w+$/,
  detect: folder => folder.find(/(?:^|\/)image\d{5}\.mat$/) !== undefined,
  labels: async ({ stem }, { folder }) => {
    const file = `${stem}.mat`;
    const bytes = await folder.bytes(file);
    if (bytes === null) return null;
    const pose = readMat(bytes, folder.path(file)).get('Pose_Para');
    if (pose?.kind !== 'numbers' || pose.values.length < 3)
      throw new BiolensError('input', `${folder.path(file)}: expected "Pose_Para" with three angles`);
    const [pitch, yaw, roll] = [pose.values[0]!, pose.values[1]!, pose.values[2]!].map(degrees) as [
      number,
      number,
      number,
    ];
    // Its yaw is positive towards the left edge of the image.
    return { pose: { pitch, yaw: -yaw, roll } };
  },
});

/**
 * The angles of a head whose rotation matrix takes its own axes to those of the camera: x to the right of the image, y down, z away
 * from the viewer.
 */
export function poseOfRotation(rows: readonly (readonly number[])[]): HeadPose {
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.NaN;
  // The face looks along the third column, turned about.
  return {
    yaw: degrees(Math.atan2(-at(0, 2), Math.hypot(at(1, 2), at(2, 2)))),
    pitch: degrees(Math.atan2(at(1, 2), at(2, 2))),
    roll: degrees(Math.atan2(-at(0, 1), at(0, 0))),
  };
}

const biwi = pathAdapter({
  name: 'biwi',
  dataset: 'BIWI',
  layout: '01/frame_00003_rgb.png beside 01/frame_00003_pose.txt, a rotation matrix by rows',
  pattern: /^(?<stem>(?:.*\/)?(?<person>\d{2})\/frame_\d{5})_rgb\.\w+$/,
  labels: async ({ stem, person }, { folder }) => {
    const file = `${stem}_pose.txt`;
    const bytes = await folder.bytes(file);
    if (bytes === null) return null;
    const rows = new TextDecoder()
      .decode(bytes)
      .trim()
      .split(/\r?\n/)
      .slice(0, 3)
      .map(line => line.trim().split(/\s+/).map(Number));
    const pose = poseOfRotation(rows);
    if (!Object.values(pose).every(Number.isFinite))
      throw new BiolensError('input', `${folder.path(file)}: expected three rows of three numbers`);
    // Frames of one recording hardly differ.
    return { pose, clip: person };
  },
});

export const POSE_ADAPTERS = [aflw2000, biwi];
