import { BUILT_IN, readModelCard } from '../../kit/faces/index.ts';

/**
 * Attribute → `[predicted][true]` counts that a classifier's card tells of images it was not made from; none for the built-in one.
 *
 * @throws BiolensError `input` naming the card that cannot be read
 */
export async function readCardConfusions(
  classifier: string,
): Promise<Readonly<Record<string, readonly (readonly number[])[]>>> {
  if (classifier === 'none' || classifier === BUILT_IN) return {};
  const { evaluation } = (await readModelCard(classifier, 'classifier')).card;
  return Object.fromEntries(
    Object.entries(evaluation?.attributes ?? {}).map(([name, { confusion }]) => [name, confusion]),
  );
}
