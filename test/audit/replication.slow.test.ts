import { describe } from 'vitest';
import { callsNothing, findsPlantedCopies, keepsItsLevel, seesThroughCrowd } from './replication-rounds.ts';

describe('planted copies', () => findsPlantedCopies(6));
describe('one image that fills a fifth of the training set', () => seesThroughCrowd(3));
describe('nothing planted', () => callsNothing(60));
// More than 13 of 100 at a level of 5 % have probability 5e-4.
describe('the relabelling test where one set holds every image several times', () => keepsItsLevel(100, 13));
