import { describe, expect, it } from 'vitest';
import { RedisSessionStore } from '../../../../lib/index.js';

describe('RedisSessionStore', () => {
  it.each([{}, { client: undefined }, { client: {} }, { client: 'redis://localhost' }])(
    'says what it needs when it gets %j',
    (options) => {
      const create = () => new RedisSessionStore(options as never);

      expect(create).toThrow(
        'RedisSessionStore needs { client }: a client of the package redis or of ioredis',
      );
    },
  );
});
