import { PRESENTATIONS } from '../vocabulary.ts';
import { type ImageLabels, pathAdapter } from './make-adapter.ts';

const FRAMES = 'frames saved in a folder called like their video, or with its name before their number';

/** A print, a screen or a mask is nobody's image: live faces alone are of a person. */
const shown = (
  presentation: string | undefined,
  clip: string | undefined,
  person: string | undefined,
): ImageLabels => ({
  presentation,
  clip,
  ...(presentation === PRESENTATIONS.live ? { subject: person } : {}),
});

/**
 * The presentation in a WMCA name, by type and instrument (the list of the BATL recordings, of which WMCA is a part); null for wigs and
 * unknown instruments.
 */
function wmcaPresentation(type: number, instrument: number): string | null {
  switch (type) {
    case 0:
      return PRESENTATIONS.live;
    case 1:
      if ([1, 4, 5, 6, 7, 15, 16].includes(instrument)) return PRESENTATIONS.glasses;
      return [2, 13, 14].includes(instrument) ? PRESENTATIONS.rigidMask : null;
    case 2:
      if (instrument >= 1 && instrument <= 7) return PRESENTATIONS.mannequin;
      if (instrument >= 8 && instrument <= 11) return PRESENTATIONS.paperMask;
      if (instrument >= 12 && instrument <= 17) return PRESENTATIONS.rigidMask;
      return instrument === 18 || instrument >= 75 ? PRESENTATIONS.flexibleMask : null;
    case 3:
      if (instrument === 0) return null;
      return [5, 10, 15].includes(instrument) ? PRESENTATIONS.screen : PRESENTATIONS.print;
    case 4:
      return PRESENTATIONS.screen;
    case 5:
      return PRESENTATIONS.makeup;
    default:
      return null;
  }
}

const wmca = pathAdapter({
  name: 'wmca',
  dataset: 'WMCA',
  layout: `CLIENT_SESSION_PRESENTER_TYPE_INSTRUMENT/Frame_1.png (colour): ${FRAMES}`,
  pattern: /(?<clip>(?<client>\d{3})_\d{2}_\d{3}_(?<type>\d)_(?<instrument>\d{2}))[/_.-][^/]*$/,
  labels: ({ clip, client, type, instrument }) => {
    const presentation = wmcaPresentation(Number(type), Number(instrument));
    return presentation === null ? null : shown(presentation, clip, client);
  },
});

const MSU_KINDS: Readonly<Record<string, string>> = {
  ipad_video: PRESENTATIONS.screen,
  iphone_video: PRESENTATIONS.screen,
  printed_photo: PRESENTATIONS.print,
};

const msu = pathAdapter({
  name: 'msu-mfsd',
  dataset: 'MSU-MFSD',
  layout: `{real,attack}_client001_android_SD_…_scene01: ${FRAMES}`,
  pattern:
    /(?<clip>(?:real|attack)_client(?<client>\d{3})_(?:android|laptop)_SD(?:_(?<kind>ipad_video|iphone_video|printed_photo))?_scene\d+)/,
  labels: ({ clip, client, kind }) => shown(kind === undefined ? PRESENTATIONS.live : MSU_KINDS[kind], clip, client),
});

/** Videos 1, 2 and HR_1 are live; then two and one each of a bent photo, a photo with holes for the eyes, and a tablet. */
const CASIA_KINDS: Readonly<Record<string, string>> = {
  1: PRESENTATIONS.live,
  2: PRESENTATIONS.live,
  HR_1: PRESENTATIONS.live,
  3: PRESENTATIONS.bent,
  4: PRESENTATIONS.bent,
  HR_2: PRESENTATIONS.bent,
  5: PRESENTATIONS.cut,
  6: PRESENTATIONS.cut,
  HR_3: PRESENTATIONS.cut,
  7: PRESENTATIONS.screen,
  8: PRESENTATIONS.screen,
  HR_4: PRESENTATIONS.screen,
};

const casia = pathAdapter({
  name: 'casia-mfsd',
  dataset: 'CASIA-MFSD',
  layout: `{train,test}_release/CLIENT/{1…8,HR_1…HR_4}/1.png: ${FRAMES}`,
  pattern:
    /(?:^|\/)(?<clip>(?<split>train|test)(?:_release)?\/(?<client>\d{1,2})\/(?<video>HR_[1-4]|[1-8]))[/_.-][^/]*$/,
  // The clients of both splits are counted from 1.
  labels: ({ clip, split, client, video = '' }) => shown(CASIA_KINDS[video], clip, `${split}-${client}`),
  detect: folder =>
    folder.share(/(?:^|\/)\d{1,2}\/(?:HR_[1-4]|[1-8])[/_.-][^/]*$/) > 0.5 && folder.share(/\/HR_[1-4][/_.-]/) > 0,
});

const replay = pathAdapter({
  name: 'replay-attack',
  dataset: 'ReplayAttack',
  layout: `{train,devel,test}/{real,attack/fixed,attack/hand}/…client001_session01_…: ${FRAMES}`,
  pattern:
    /(?<clip>(?:real\/|attack_(?<kind>print|mobile|highdef)_)client(?<client>\d{3})_session\d+_\w*?(?:adverse|controlled)(?:_\d(?!\d))?)/,
  labels: ({ clip, client, kind }) => {
    const attack = kind === 'print' ? PRESENTATIONS.print : PRESENTATIONS.screen;
    return shown(kind === undefined ? PRESENTATIONS.live : attack, clip, client);
  },
});

export const SPOOF_ADAPTERS = [wmca, msu, replay, casia];
