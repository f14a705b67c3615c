import { channel } from 'node:diagnostics_channel';
import { Inject, Injectable, Logger, type LoggerService } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { WRISTBAND_EVENTS, type WristbandEvent } from './wristband-event.js';

const subscribers = channel(WRISTBAND_EVENTS);

/** The one place that tells the outside what happened: the application's `onEvent`, subscribers, and the log. */
@Injectable()
export class WristbandEvents {
  readonly #logger: LoggerService;
  /** What tells apart the events of several applications. */
  readonly #application: { readonly application?: string };
  readonly #listener: ResolvedOptions['onEvent'];

  constructor(@Inject(RESOLVED_OPTIONS) options: ResolvedOptions) {
    this.#logger = options.logger ?? new Logger('Wristband');
    this.#application = options.name === undefined ? {} : { application: options.name };
    this.#listener = options.onEvent;
  }

  emit(happened: WristbandEvent): void {
    const event = { ...happened, ...this.#application };
    const { type, ...details } = event;
    this.debug(`${type} ${JSON.stringify(details)}`);
    if (subscribers.hasSubscribers) subscribers.publish(event);
    // A listener is an onlooker: its failure must not fail the request it looked at, nor end the process.
    const complain = (error: unknown) => this.#logger.error(`onEvent threw on ${type}: ${messageOf(error)}`);
    try {
      const result: unknown = this.#listener?.(event);
      // Promises of libraries and of other realms are no instances of ours.
      if (typeof Object(result).then === 'function') Promise.resolve(result).catch(complain);
    } catch (error) {
      complain(error);
    }
  }

  debug(message: string): void {
    this.#logger.debug?.(message);
  }

  warn(message: string): void {
    this.#logger.warn(message);
  }

  error(message: string): void {
    this.#logger.error(message);
  }
}

/** Whatever was thrown, also what cannot become a text. */
function messageOf(error: unknown): string {
  const { message }: { message?: unknown } = Object(error);
  return typeof message === 'string' ? message : typeof error;
}
