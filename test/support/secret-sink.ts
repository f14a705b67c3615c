import { channel } from 'node:diagnostics_channel';
import { Logger } from '@nestjs/common';
import { WristbandEvents } from '../../lib/events/wristband-events.js';
import { WRISTBAND_EVENTS } from '../../lib/index.js';
import { watchTraffic } from './secret-traffic.js';
import { SecretWatch } from './secret-watch.js';

/** What is logged, and told as an event, in this process from now on, and the secrets that go through it. */
export const secretSink = openSecretSink();

function openSecretSink(): SecretWatch {
  const watch = new SecretWatch();
  watchTraffic(watch);
  channel(WRISTBAND_EVENTS).subscribe((event) => watch.addLine(JSON.stringify(event)));
  // Whatever logger the application has: that of the library, and Nest's own, which logs errors that nobody catches.
  listen(watch, WristbandEvents.prototype, ['debug', 'warn', 'error']);
  listen(watch, Logger.prototype, ['log', 'error', 'warn', 'debug', 'verbose', 'fatal']);
  return watch;
}

type Log = (...messages: unknown[]) => void;

function listen<T extends object>(watch: SecretWatch, target: T, names: readonly (keyof T)[]): void {
  for (const name of names) {
    const log = target[name] as Log;
    target[name] = function (this: unknown, ...messages: unknown[]) {
      for (const message of messages) watch.addLine(textOf(message));
      Reflect.apply(log, this, messages);
    } as T[typeof name];
  }
}

function textOf(message: unknown): string {
  return message instanceof Error ? `${message.stack} ${textOf(message.cause)}` : String(message);
}
