import { describe, expect, it } from 'vitest';
import { checkedRoutes } from '../../../lib/controllers/endpoint-paths.js';
import { WristbandConfigError, type WristbandRoutes } from '../../../lib/index.js';

describe('checkedRoutes', () => {
  it('takes an endpoint that is undefined for one that is not mentioned', () => {
    const routes = { path: 'api/auth', login: undefined, token: false } as unknown as WristbandRoutes;

    expect(checkedRoutes(routes)).toMatchObject({ path: 'api/auth', login: 'login', token: false });
  });

  it('lists what is wrong also with values that cannot become a text', () => {
    const odd: unknown = Object.create(null);
    const routes = { path: 'api/auth', login: odd, token: odd } as WristbandRoutes;

    expect(() => checkedRoutes(routes)).toThrow(WristbandConfigError);
  });
});
