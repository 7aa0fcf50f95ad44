import { describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import {
  deriveKey,
  digestHex,
  newSecret,
  openProtector,
  parseRecord,
  randomBytes,
  SCHEMES,
  type TemplateRecord,
} from '../../src/jobs/templates/index.ts';

const embedder = digestHex(new TextEncoder().encode('built-in'));
const stream = openStream(randomKey(8));
const face = (width = 64): Float64Array => Float64Array.from({ length: width }, () => stream.normal());
const utf8 = new TextEncoder();

describe.each(SCHEMES.map(({ name }) => name))('records of %s', name => {
  test('enrol, compare, revoke, renew; through text', () => {
    const secret = newSecret();
    const protector = openProtector({ scheme: name, embedder });
    const [own, other] = [face(), face()];
    const record = protector.protect(own, secret);
    const text = JSON.stringify(record);
    expect(text).not.toContain(String(own[0]));
    const read = parseRecord(text);
    const same = protector.compare(read, own, secret);
    expect(same).toBeGreaterThan(protector.compare(read, other, secret));
    const renewed = protector.renew(record, own, secret);
    expect(renewed.auxiliary.version).toBe(2);
    expect(renewed.auxiliary.salt).not.toBe(record.auxiliary.salt);
    expect(renewed.identifier.template).not.toBe(record.identifier.template);
    expect(protector.compare(renewed, own, secret)).toBeCloseTo(same, 5);
    expect(() => protector.compare(record, own, secret)).toThrow('revoked');
    protector.revoke(renewed);
    expect(() => protector.compare(renewed, own, secret)).toThrow('revoked');
    // Revocations live on with the list of salts.
    expect(() => openProtector({ scheme: name, embedder }, protector.revoked).compare(renewed, own, secret)).toThrow(
      'revoked',
    );
  });
});

describe('records that are refused before anything is computed', () => {
  const secret = newSecret();
  const protector = openProtector({ scheme: 'biohash', embedder });
  const record = protector.protect(face(), secret);
  const probe = face();

  test('another secret, embedder, scheme, centre or width', () => {
    expect(() => protector.compare(record, probe, newSecret())).toThrow('not authentic');
    const elsewhere = openProtector({ scheme: 'biohash', embedder: digestHex(utf8.encode('another')) });
    expect(() => elsewhere.compare(record, probe, secret)).toThrow('"auxiliary.embedder"');
    expect(() => openProtector({ scheme: 'iom-grp', embedder }).compare(record, probe, secret)).toThrow(
      '"auxiliary.scheme"',
    );
    const centred = openProtector({ scheme: 'biohash', embedder, centre: new Float64Array(64).fill(0.1) });
    expect(() => centred.compare(record, probe, secret)).toThrow('"auxiliary.centre"');
    expect(() => protector.compare(record, face(32), secret)).toThrow('"auxiliary.width"');
  });

  test('every changed character of a record', () => {
    const { auxiliary, identifier } = record;
    const flip = (text: string, i: number) => `${text.slice(0, i)}${text[i] === 'A' ? 'B' : 'A'}${text.slice(i + 1)}`;
    const changed: TemplateRecord[] = [
      { auxiliary: { ...auxiliary, version: 2 }, identifier },
      { auxiliary: { ...auxiliary, width: 65 }, identifier },
      { auxiliary: { ...auxiliary, salt: flip(auxiliary.salt, 3) }, identifier },
      { auxiliary: { ...auxiliary, embedder: flip(auxiliary.embedder, 1).toLowerCase() }, identifier },
      { auxiliary: { ...auxiliary, centre: auxiliary.embedder }, identifier },
      ...Array.from({ length: identifier.template.length }, (_, i) => ({
        auxiliary,
        identifier: { ...identifier, template: flip(identifier.template, i) },
      })),
      ...Array.from({ length: 43 }, (_, i) => ({
        auxiliary,
        identifier: { ...identifier, mac: flip(identifier.mac, i) },
      })).slice(0, 42),
    ];
    for (const one of changed) expect(() => protector.compare(one, probe, secret)).toThrow(/record:/);
  });

  test.each([
    [null],
    ['text'],
    [{}],
    [{ auxiliary: record.auxiliary }],
    [{ ...record, more: 1 }],
    [{ auxiliary: { ...record.auxiliary, width: 1e9 }, identifier: record.identifier }],
    [{ auxiliary: { ...record.auxiliary, scheme: 'x'.repeat(1e6) }, identifier: record.identifier }],
    [{ auxiliary: { ...record.auxiliary, salt: '' }, identifier: record.identifier }],
    [{ auxiliary: record.auxiliary, identifier: { ...record.identifier, template: '*' } }],
  ])('%#: what is no record', one => {
    expect(() => protector.compare(one, probe, secret)).toThrow(/record: "/);
  });

  test('10,000 random, cut and flipped texts', () => {
    const text = JSON.stringify(record);
    const random = openStream(randomKey(99));
    for (let i = 0; i < 10_000; i++) {
      const cut = text.slice(0, random.integer(text.length));
      const at = random.integer(text.length);
      const flipped = `${text.slice(0, at)}${String.fromCharCode(random.integer(128))}${text.slice(at + 1)}`;
      const hostile = i % 2 === 0 ? cut : flipped;
      if (hostile === text) continue;
      let opened: unknown;
      try {
        opened = protector.compare(parseRecord(hostile), probe, secret);
      } catch (error) {
        expect(error).toMatchObject({ name: 'BiolensError', code: 'input' });
        continue;
      }
      // Blanks between the fields are no change.
      expect(typeof opened).toBe('number');
      expect(JSON.stringify(JSON.parse(hostile))).toBe(text);
    }
    expect(() => parseRecord('x'.repeat(300_000))).toThrow('300000 characters');
  });

  test.each([
    [[1, Number.NaN], 'number 1 is NaN'],
    [[Number.POSITIVE_INFINITY, 0], 'number 0 is Infinity'],
    [[0, -0], 'all zeros'],
    [[1], '2 to 16384 numbers'],
  ])('the embedding %j', (embedding, message) => {
    expect(() => protector.protect(embedding, secret)).toThrow(message);
  });

  test('a record of the widest embedding is read again', () => {
    const wide = openProtector({ scheme: 'salting', embedder });
    const own = face(16_384);
    const text = JSON.stringify(wide.protect(own, secret));
    // The squared distance to itself, but for single precision.
    expect(wide.compare(parseRecord(text), own, secret)).toBeCloseTo(0, 6);
    expect(() => wide.protect(face(16_385), secret)).toThrow('2 to 16384 numbers');
  });

  test('subnormal and huge embeddings keep their direction', () => {
    const tiny = protector.protect([5e-324, 5e-324, 0, 5e-324], secret);
    expect(protector.compare(tiny, [1e300, 1e300, 0, 1e300], secret)).toBe(1);
  });
});

describe('keys', () => {
  test('HKDF of RFC 5869 with other salts and purposes gives other keys', () => {
    const secret = newSecret();
    const salt = randomBytes(16);
    const key = deriveKey(secret, { salt, purpose: 'template/biohash' });
    expect(key).toHaveLength(32);
    expect(deriveKey(secret, { salt, purpose: 'template/biohash' })).toEqual(key);
    expect(deriveKey(secret, { salt: randomBytes(16), purpose: 'template/biohash' })).not.toEqual(key);
    expect(deriveKey(secret, { salt, purpose: 'template/iom-grp' })).not.toEqual(key);
    expect(deriveKey(newSecret(), { salt, purpose: 'template/biohash' })).not.toEqual(key);
  });

  test('a name or a short word is no secret', () => {
    expect(() => deriveKey(utf8.encode('ann@example.org'), { salt: randomBytes(16), purpose: 'x' })).toThrow(
      '16 random bytes',
    );
    expect(() => deriveKey(newSecret(), { salt: new Uint8Array(4), purpose: 'x' })).toThrow('"salt"');
    expect(() => openProtector({ scheme: 'biohash', embedder: 'built-in' })).toThrow('64 hexadecimal');
  });
});
