import { describe, expect, test } from 'vitest';
import { addMasks, type Mask } from '../../src/jobs/federated/secure/derive.ts';
import { nodePrimitives } from '../../src/jobs/federated/secure/node.ts';
import { addPacked, packBits, plainKernel } from '../../src/jobs/federated/secure/packing.ts';
import { browserPrimitives } from '../../src/jobs/federated/secure/primitives.ts';
import { fromHex, toHex } from '../../src/jobs/federated/wire/bytes.ts';

const sets = [
  ['node', nodePrimitives],
  ['browser', browserPrimitives],
] as const;

describe.each(sets)('%s', (_, primitives) => {
  test('HKDF: RFC 5869, test case 1', () => {
    const info = fromHex('f0f1f2f3f4f5f6f7f8f9');
    const salt = fromHex('000102030405060708090a0b0c');
    const made = primitives.hkdf(new Uint8Array(22).fill(0x0b), { salt, info, length: 42 });
    expect(toHex(made)).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865');
  });

  test('Ed25519: RFC 8032, section 7.1, test 1', () => {
    const secret = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
    const { public: key } = primitives.signingKey(secret);
    expect(toHex(key)).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
    const signature = primitives.sign(secret, new Uint8Array());
    expect(toHex(signature).slice(0, 32)).toBe('e5564300c360ac729086e2cc806e828a');
    expect(primitives.verify(key, new Uint8Array(), signature)).toBe(true);
    expect(primitives.verify(key, Uint8Array.of(1), signature)).toBe(false);
    expect(primitives.verify(new Uint8Array(3), new Uint8Array(), signature)).toBe(false);
  });

  test('a key of low order gives no secret', () => {
    const secret = primitives.randomBytes(32);
    expect(primitives.exchange(secret, new Uint8Array(32))).toBeNull();
    expect(primitives.exchange(secret, Uint8Array.of(1, ...new Uint8Array(31)))).toBeNull();
  });

  test('as many random bytes as a whole vector takes, no two parts of them alike', () => {
    const bytes = primitives.randomBytes(250_000);
    expect(bytes).toHaveLength(250_000);
    expect(bytes.slice(0, 1000)).not.toEqual(bytes.slice(65_536, 66_536));
    // By chance in one of 10²⁰⁰.
    expect(bytes.subarray(-100).some(byte => byte !== 0)).toBe(true);
  });

  test('what was sealed opens for its purpose alone', () => {
    const key = primitives.randomBytes(32);
    const sealed = primitives.seal(key, Uint8Array.of(1, 2, 3), Uint8Array.of(9));
    expect(primitives.open(key, sealed, Uint8Array.of(9))).toEqual(Uint8Array.of(1, 2, 3));
    expect(primitives.open(key, sealed, Uint8Array.of(8))).toBeNull();
    expect(primitives.open(key, sealed.slice(1), Uint8Array.of(9))).toBeNull();
    expect(primitives.open(key, new Uint8Array(3), Uint8Array.of(9))).toBeNull();
  });
});

test('both sets agree on everything that goes over a wire', async () => {
  const [node, browser] = [nodePrimitives, browserPrimitives];
  const [a, b] = [node.randomBytes(32), browser.randomBytes(32)];
  expect(browser.exchangeKey(a)).toEqual(node.exchangeKey(a));
  expect(browser.signingKey(a)).toEqual(node.signingKey(a));
  expect(browser.exchange(a, node.exchangeKey(b).public)).toEqual(node.exchange(b, browser.exchangeKey(a).public));
  expect(browser.sha256(a, b)).toEqual(node.sha256(a, b));
  expect(browser.sign(a, b)).toEqual(node.sign(a, b));
  expect(browser.seal(a, b, a)).toEqual(node.seal(a, b, a));
  // More masks than are added at once, of both signs; longer than one part, and with bytes that are left over.
  const masks: Mask[] = Array.from({ length: 11 }, (_, i) => ({
    key: node.randomBytes(32),
    sign: i % 3 === 0 ? -1 : 1,
  }));
  for (const bits of [23, 32]) {
    const vectors = [new Uint32Array(600_001), new Uint32Array(600_001), new Uint32Array(600_001)] as const;
    await addMasks(vectors[0], masks, { bits, primitives: node });
    await addMasks(vectors[1], masks, { bits, primitives: browser });
    await addMasks(vectors[2], masks, { bits, primitives: { ...node, kernel: plainKernel } });
    expect(vectors[0]).toEqual(vectors[1]);
    expect(vectors[2]).toEqual(vectors[1]);
    await addMasks(
      vectors[1],
      masks.map(({ key, sign }): Mask => ({ key, sign: sign > 0 ? -1 : 1 })),
      { bits, primitives: node },
    );
    expect(vectors[1].every(entry => entry === 0)).toBe(true);
  }
});

test('the compiled kernel packs and adds as the plain one does, for every width', () => {
  const { kernel } = nodePrimitives;
  expect(kernel).not.toBe(plainKernel);
  for (let bits = 1; bits <= 32; bits++) {
    const entries = new Uint32Array(nodePrimitives.randomBytes(4 * 16_417).buffer);
    const packed = packBits(entries, bits, kernel);
    expect(packed).toEqual(packBits(entries, bits));
    const sums = [entries.slice(), entries.slice()] as const;
    // From an odd place in a message.
    const message = new Uint8Array(packed.length + 3);
    message.set(packed, 3);
    addPacked(sums[0], message.subarray(3), { bits, kernel });
    addPacked(sums[1], packed, { bits });
    expect(sums[0]).toEqual(sums[1]);
  }
});

test('every bit of a mask’s key changes the mask', async () => {
  const key = nodePrimitives.randomBytes(32);
  const maskBy = async (bytes: Uint8Array) => {
    const vector = new Uint32Array(4);
    await addMasks(vector, [{ key: bytes, sign: 1 }], { bits: 23, primitives: nodePrimitives });
    return vector.join();
  };
  const seen = new Set([await maskBy(key)]);
  for (let bit = 0; bit < 256; bit++) {
    const changed = key.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    seen.add(await maskBy(changed));
  }
  expect(seen.size).toBe(257);
});
