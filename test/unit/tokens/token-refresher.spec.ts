import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { TokenRefresher } from '../../../lib/tokens/token-refresher.js';
import type { ResolvedOptions } from '../../../lib/config/resolved-options.js';
import { WristbandEvents } from '../../../lib/events/wristband-events.js';
import { OAuthResponseError } from '../../../lib/wristband-api/oauth-response.error.js';
import type { WristbandClient } from '../../../lib/wristband-api/wristband-client.js';

const OPTIONS = { tokenExpirationBuffer: 0, http: { timeout: 1000 } } as ResolvedOptions;

afterEach(() => void vi.useRealTimers());

it('leads a cookie of half an hour ago to good tokens, however short these live', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  let count = 0;
  const refresh = async () => ({
    accessToken: `access-${++count}`,
    expiresIn: 10,
    refreshToken: `refresh-${count}`,
  });
  const refresher = new TokenRefresher(
    OPTIONS,
    { refresh } as unknown as WristbandClient,
    new WristbandEvents(OPTIONS),
  );

  for (let token: string | undefined = 'refresh-0'; count < 180; vi.advanceTimersByTime(10_000)) {
    token = (await refresher.refresh(token!)).refreshToken;
  }
  const late = await refresher.refresh('refresh-0');

  expect(late).toMatchObject({ accessToken: 'access-181', expiresAt: Date.now() + 10_000 });
});

it('exchanges a refresh token that does not rotate once, each time that its access token has expired', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  let count = 0;
  const refresh = async () => {
    count += 1;
    await setTimeout(20);
    return { accessToken: `access-${count}`, expiresIn: 10 };
  };
  const refresher = new TokenRefresher(
    OPTIONS,
    { refresh } as unknown as WristbandClient,
    new WristbandEvents(OPTIONS),
  );
  const refreshAtOnce = () => Promise.all(Array.from({ length: 20 }, () => refresher.refresh('same')));

  await refreshAtOnce();
  vi.advanceTimersByTime(11_000);
  const renewed = await refreshAtOnce();

  expect(count).toBe(2);
  expect(new Set(renewed.map(({ accessToken }) => accessToken))).toEqual(new Set(['access-2']));
});

it('does not walk in a circle when a server hands out an old refresh token again', async () => {
  const answers: Record<string, string> = { a: 'b', b: 'a' };
  const client = {
    refresh: async (token: string) => ({
      accessToken: `for-${token}`,
      expiresIn: 100,
      refreshToken: answers[token],
    }),
  };
  const refresher = new TokenRefresher(
    OPTIONS,
    client as unknown as WristbandClient,
    new WristbandEvents(OPTIONS),
  );

  await refresher.refresh('a');
  await refresher.refresh('b');

  expect(refresher.newestTokens('a')).toMatchObject({ accessToken: 'for-b' });
  expect(refresher.newestTokens('unknown')).toBeUndefined();
});

describe('an exchange whose response comes when it was presumed lost', () => {
  const timeout = 400;
  const options = { tokenExpirationBuffer: 0, http: { timeout } } as ResolvedOptions;
  const tokens = { accessToken: 'late', expiresIn: 100, refreshToken: 'next' };

  /** The first exchange responds when `respond` is called. */
  function slowly(second: () => Promise<typeof tokens>) {
    let respond = () => {};
    const first = new Promise<typeof tokens>((resolve) => (respond = () => resolve(tokens)));
    const refresh = vi
      .fn<() => Promise<typeof tokens>>()
      .mockReturnValueOnce(first)
      .mockImplementation(second);
    const client = { refresh } as unknown as WristbandClient;
    const refresher = new TokenRefresher(options, client, new WristbandEvents(options));
    const wait = () => refresher.waitFor('spent', (giveUpAt) => refresher.refresh('spent', {}, giveUpAt));
    return { refresh, refresher, wait, respond: () => respond() };
  }

  it('gives its tokens to requests that come later', async () => {
    const { refresh, wait, respond } = slowly(() => Promise.reject(new Error('not called')));
    await expect(wait()).rejects.toMatchObject({ code: 'wristband_unavailable' });
    await setTimeout(timeout);

    respond();
    await setTimeout();

    expect(await wait()).toMatchObject({ accessToken: 'late' });
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('counts more than the refusal of a second exchange', async () => {
    const refusal = new OAuthResponseError('/oauth2/token', 400, { error: 'invalid_grant' });
    const { refresh, wait, respond } = slowly(async () => {
      respond();
      await setTimeout();
      throw refusal;
    });
    await expect(wait()).rejects.toMatchObject({ code: 'wristband_unavailable' });

    expect(await wait()).toMatchObject({ accessToken: 'late' });
    expect(refresh).toHaveBeenCalledTimes(2);
  });
});
