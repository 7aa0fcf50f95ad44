import type { Evaluator, InitializeOptions, MainModule, SEALContext } from 'node-seal';
import { BiolensError, messageOf } from '../../../../ground/errors.ts';
import type { SealParameters } from '../plan.ts';
import { PRIME_SHARE } from '../scales.ts';

/** SEAL with one set of parameters, as both roles need it. Runs in a worker alone. */
export interface SealScope {
  readonly seal: MainModule;
  readonly context: SEALContext;
  readonly evaluator: Evaluator;
  readonly parameters: SealParameters;
}

/** Loads node-seal, which a user installs beside biolens. @throws {BiolensError} `usage` where it is not there */
export async function loadSeal(options: InitializeOptions = {}): Promise<MainModule> {
  const loaded = await import('node-seal').catch(error => {
    throw new BiolensError(
      'usage',
      `encrypted matching takes node-seal: npm install node-seal@7 (${messageOf(error)})`,
      {
        cause: error,
      },
    );
  });
  return loaded.default(options);
}

/** Makes SEAL's context. @throws {BiolensError} `external` where SEAL refuses the parameters, or its primes are not those of the proofs */
export function openContext(seal: MainModule, parameters: SealParameters): SealScope {
  const { scheme, degree, primeBits, plainModulus } = parameters;
  using given = new seal.EncryptionParameters(scheme === 'bfv' ? seal.SchemeType.bfv : seal.SchemeType.ckks);
  using primes = seal.CoeffModulus.Create(degree, Int32Array.from(primeBits));
  for (let i = 0; i < primeBits.length; i++) {
    using prime = primes.get(i)!;
    if (Number(prime.value()) < PRIME_SHARE * 2 ** primeBits[i]!)
      throw new BiolensError(
        'external',
        `SEAL chose a prime of ${primeBits[i]} bits that is smaller than the proofs assume`,
      );
  }
  given.setPolyModulusDegree(degree);
  given.setCoeffModulus(primes);
  if (scheme === 'bfv') {
    using modulus = new seal.Modulus(BigInt(plainModulus));
    given.setPlainModulus(modulus);
  }
  // SEAL itself holds the parameters to the table for 128 bits.
  const context = new seal.SEALContext(given, true, seal.SecLevelType.tc128);
  if (!context.parametersSet()) {
    context.delete();
    throw new BiolensError('external', 'SEAL refuses the parameters');
  }
  return { seal, context, evaluator: new seal.Evaluator(context), parameters };
}
