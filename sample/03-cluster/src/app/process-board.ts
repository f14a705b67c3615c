import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { REDIS, type Redis } from './redis.js';

/** What is known about one of the processes. */
export interface ProcessFacts {
  readonly number: number;
  /** None while it is not running. */
  readonly pid: string | undefined;
  readonly starts: number;
  /** How many access tokens it renewed, in all its lives. */
  readonly renewals: number;
}

/** Where the processes tell each other about themselves, for the page. Sessions do not need it. */
@Injectable()
export class ProcessBoard implements OnApplicationBootstrap {
  /** The number of this process. */
  readonly number: number;
  readonly #size: number;

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    config: ConfigService,
  ) {
    this.number = Number(config.getOrThrow('WORKER'));
    this.#size = Number(config.getOrThrow('WORKERS'));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.redis.hSet(keyOf(this.number), 'pid', process.pid);
    await this.redis.hIncrBy(keyOf(this.number), 'starts', 1);
  }

  async leave(): Promise<void> {
    await this.redis.hDel(keyOf(this.number), 'pid');
  }

  all(): Promise<ProcessFacts[]> {
    const numbers = Array.from({ length: this.#size }, (_, index) => index + 1);
    return Promise.all(
      numbers.map(async (number) => {
        const { pid, starts = 0, renewals = 0 } = await this.redis.hGetAll(keyOf(number));
        return { number, pid, starts: Number(starts), renewals: Number(renewals) };
      }),
    );
  }

  async countRenewal(): Promise<void> {
    await this.redis.hIncrBy(keyOf(this.number), 'renewals', 1);
  }
}

function keyOf(number: number): string {
  return `process:${number}`;
}
