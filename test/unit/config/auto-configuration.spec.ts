import { expect, it, vi } from 'vitest';
import { AutoConfiguration } from '../../../lib/config/auto-configuration.js';
import { resolveOptions } from '../../../lib/config/resolved-options.js';
import { WristbandEvents } from '../../../lib/events/wristband-events.js';
import type { SdkConfiguration } from '../../../lib/wristband-api/answer-shapes.js';
import type { WristbandClient } from '../../../lib/wristband-api/wristband-client.js';

const options = resolveOptions({
  clientId: 'client',
  clientSecret: 'a-secret-for-tests-with-32-characters-or-more',
  wristbandApplicationVanityDomain: 'a.example',
});
const CONFIGURATION: SdkConfiguration = {
  loginUrl: 'https://yourapp.io/login',
  redirectUri: 'https://yourapp.io/callback',
};

it('does not forget a good configuration because of a failure that was there before it', async () => {
  const sdkConfiguration = vi
    .fn<WristbandClient['sdkConfiguration']>()
    .mockRejectedValueOnce(new Error('in trouble'))
    .mockResolvedValue(CONFIGURATION);
  const client = { sdkConfiguration } as unknown as WristbandClient;
  const configuration = new AutoConfiguration(options, client, new WristbandEvents(options));
  // Two that ask in turn, step by step of the event loop: one always comes between the failure and its last listener.
  const askAgainAndAgain = async () => {
    const answers: Promise<unknown>[] = [];
    for (let step = 0; step < 30; step += 1) {
      answers.push(configuration.resolve().catch(() => undefined));
      await Promise.resolve();
    }
    return Promise.all(answers);
  };

  await Promise.all([askAgainAndAgain(), askAgainAndAgain()]);

  expect(sdkConfiguration).toHaveBeenCalledTimes(2);
});
