import type { Claim } from '../claims.ts';
import type { MatchMode } from './plan.ts';

const file = (name: string): string => `test/templates/encrypted/${name}.test.ts`;

const hostile = `${file('hostile')}: hostile messages are refused before SEAL sees them`;
const roles = `${file('threads')}: a server has no way to decrypt, by type`;
const climbing =
  'test/templates/gallery/climbing.test.ts: whoever was accepted once climbs to the face where nothing limits the attempts';

/** Whoever may ask often enough climbs, whatever the encryption. */
const asks: Claim = {
  adversary: 'client that asks',
  claim: 'fails',
  because: 'accept or reject is enough to climb to the face; the answer is a limit on attempts',
  test: climbing,
};
const keys: Claim = {
  adversary: 'thief with keys',
  claim: 'fails',
  because: 'whoever has the secret key decrypts what is encrypted; keep it apart from the gallery',
  test: `${file('equality')}: scores under encryption equal those in the clear`,
};
const database = (claim: Claim['claim'], because: string, test: string): Claim => ({
  adversary: 'database thief',
  claim,
  because,
  test,
});
const lies = (because: string, test: string): Claim => ({
  adversary: 'server that lies',
  claim: 'not claimed',
  because,
  test,
});

/** What each mode of matching under encryption claims, by adversary; it is of the mode, and the same for every set of faces. */
export const MODE_CLAIMS: Readonly<Record<MatchMode, readonly Claim[]>> = {
  'encrypted-gallery': [
    database('holds', 'templates are BFV ciphertexts of 128 bits of security; the server holds no key', roles),
    keys,
    asks,
    lies('it sees each probe, and can answer wrongly; others are kept out of what it says', hostile),
  ],
  'both-encrypted': [
    database('holds', 'templates are BFV or CKKS ciphertexts of 128 bits of security; the server holds no key', roles),
    keys,
    asks,
    lies('it sees neither side, and can answer wrongly and watch what the client does about it', hostile),
  ],
  'encrypted-probe': [
    database('fails', 'the gallery is the server’s own, in the clear; the probe is what is hidden', roles),
    keys,
    asks,
    lies('it can answer wrongly; a client that lies learns the gallery', hostile),
  ],
  additive: [
    database(
      'not claimed',
      'ring LWE as in docs/encrypted.md, experimental: not reviewed by cryptographers',
      `${file('additive/scheme')}: a slot that is released twice gives away the difference of two templates: why each is used once`,
    ),
    keys,
    asks,
    lies(
      'it sees each probe, and nothing checks what it sums; in the gallery service the process that serves holds no key',
      'test/templates/gallery/additive.test.ts: this process has no key and opens no record; a holder that is gone is told of, and goes with the service',
    ),
  ],
};
