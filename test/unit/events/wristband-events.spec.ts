import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { ResolvedOptions } from '../../../lib/config/resolved-options.js';
import { WristbandEvents } from '../../../lib/events/wristband-events.js';

function complaintsOf(onEvent: () => unknown): string[] {
  const errors: string[] = [];
  const logger = { log() {}, warn() {}, error: (message: string) => void errors.push(message) };
  new WristbandEvents({ logger, onEvent } as unknown as ResolvedOptions).emit({ type: 'store.recovered' });
  return errors;
}

it.each<[title: string, onEvent: () => unknown, told: string]>([
  ['rejects', () => Promise.reject(new Error('no luck')), 'no luck'],
  ['rejects in another realm', () => runInNewContext('Promise.reject(new Error("no luck"))'), 'no luck'],
  ['rejects with nothing', () => Promise.reject(undefined), 'undefined'],
])('a listener that %s is complained about, and harms nobody', async (_title, onEvent, told) => {
  const errors = complaintsOf(onEvent);

  await expect.poll(() => errors).toEqual([`onEvent threw on store.recovered: ${told}`]);
});

it('a listener may throw what cannot become a text', () => {
  const onEvent = () => {
    throw Object.create(null);
  };

  expect(complaintsOf(onEvent)).toEqual(['onEvent threw on store.recovered: object']);
});
