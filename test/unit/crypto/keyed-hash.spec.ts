import { describe, expect, it } from 'vitest';
import { KeyedHash } from '../../../lib/crypto/keyed-hash.js';

const SECRET = 'a-secret-for-tests-with-32-characters-or-more';
const OLDER_SECRET = 'an-older-secret-with-32-characters-or-more!!';

describe('KeyedHash', () => {
  it('finds what an earlier version wrote, with every secret and the newest first', () => {
    // HMAC-SHA256, made by another implementation.
    expect(new KeyedHash('session-tag', [SECRET, OLDER_SECRET]).all('user:u-1')).toEqual([
      'f6Xt6MQjDU8nBM5PKW3YZfyLjlP9Uf823ILmu-LTesw',
      'CBA7a2t2luHMvhGTqBBvWesYvx_fjYkOM1GKzxZxrnc',
    ]);
  });

  it('makes different hashes of different texts, uses and secrets', () => {
    const hashes = [
      new KeyedHash('session-tag', [SECRET]).all('user:u-1'),
      new KeyedHash('session-tag', [SECRET]).all('user:u-2'),
      new KeyedHash('session-owner', [SECRET]).all('user:u-1'),
      new KeyedHash('session-tag', [OLDER_SECRET]).all('user:u-1'),
    ].flat();

    expect(new Set(hashes).size).toBe(4);
  });
});
