import { Inject, Injectable, Logger, type LoggerService } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import type { WristbandEvent } from './wristband-event.js';

/** The one place that tells the outside what happened: the application's `onEvent`, and the log. */
@Injectable()
export class WristbandEvents {
  readonly #logger: LoggerService;
  readonly #listener: ((event: WristbandEvent) => void) | undefined;

  constructor(@Inject(RESOLVED_OPTIONS) options: ResolvedOptions) {
    this.#logger = options.logger ?? new Logger('Wristband');
    this.#listener = options.onEvent;
  }

  emit(event: WristbandEvent): void {
    const { type, ...details } = event;
    this.debug(`${type} ${JSON.stringify(details)}`);
    // A listener is an onlooker: its failure must not fail the request it looked at, nor end the process.
    const complain = (error: unknown) => this.#logger.error(`onEvent threw on ${type}: ${String(error)}`);
    try {
      const result: unknown = this.#listener?.(event);
      if (result instanceof Promise) result.catch(complain);
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
