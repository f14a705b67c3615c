import { expect, it } from 'vitest';
import { TokenRefresher } from '../../../lib/auth/token-refresher.js';
import type { ResolvedOptions } from '../../../lib/config/resolved-options.js';
import { WristbandEvents } from '../../../lib/events/wristband-events.js';
import type { WristbandClient } from '../../../lib/wristband-api/wristband-client.js';

it('does not walk in a circle when a server hands out an old refresh token again', async () => {
  const answers: Record<string, string> = { a: 'b', b: 'a' };
  const client = {
    refresh: async (token: string) => ({
      accessToken: `for-${token}`,
      expiresIn: 100,
      refreshToken: answers[token],
    }),
  };
  const options = { tokenExpirationBuffer: 0 } as ResolvedOptions;
  const refresher = new TokenRefresher(
    options,
    client as unknown as WristbandClient,
    new WristbandEvents(options),
  );

  await refresher.refresh('a');
  await refresher.refresh('b');

  expect(refresher.newestTokens('a')).toMatchObject({ accessToken: 'for-b' });
  expect(refresher.newestTokens('unknown')).toBeUndefined();
});
