import { BiolensError } from '../../../../ground/errors.ts';
import type { Adapter } from '../labelled-image.ts';
import type { SourceFolder } from '../source-folder.ts';
import { CROWD_ADAPTERS } from './crowds.ts';
import { DEEPFAKE_ADAPTERS } from './deepfakes.ts';
import { drawn } from './drawn.ts';
import { ATTRIBUTE_ADAPTERS, EXPRESSION_ADAPTERS } from './faces.ts';
import { IDENTITY_ADAPTERS, personFolders } from './identities.ts';
import { PART_ADAPTERS } from './parts.ts';
import { PEOPLE_ADAPTERS } from './people.ts';
import { POSE_ADAPTERS } from './poses.ts';
import { SPOOF_ADAPTERS } from './spoofs.ts';
import { table } from './table.ts';
import { toolScenarios } from './tool-scenarios.ts';

/** Every layout that is read. Of several that a folder has, the first is meant: those that people make themselves come last. */
export const ADAPTERS: readonly Adapter[] = [
  drawn,
  toolScenarios,
  ...PEOPLE_ADAPTERS,
  ...PART_ADAPTERS,
  ...ATTRIBUTE_ADAPTERS,
  ...EXPRESSION_ADAPTERS,
  ...POSE_ADAPTERS,
  ...CROWD_ADAPTERS,
  ...SPOOF_ADAPTERS,
  ...DEEPFAKE_ADAPTERS,
  ...IDENTITY_ADAPTERS,
  table,
  personFolders,
];

/**
 * The adapter of that name, or the one whose layout the folder has.
 *
 * @throws {BiolensError} `usage` for a name that there is not, `input` where the folder has no known layout.
 */
export async function chooseAdapter(folder: SourceFolder, name?: string): Promise<Adapter> {
  if (name !== undefined) {
    const adapter = ADAPTERS.find(candidate => candidate.name === name);
    if (adapter !== undefined) return adapter;
    throw new BiolensError(
      'usage',
      `"layout" expected one of ${ADAPTERS.map(known => known.name).join(', ')}, got "${name}"`,
    );
  }
  for (const adapter of ADAPTERS) if (await adapter.detect(folder)) return adapter;
  throw new BiolensError(
    'input',
    `${folder.root}: no known layout; add labels.csv (a column "file" and columns of labels), or name the layout`,
  );
}
