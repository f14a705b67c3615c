import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { pairOf, type Question } from '../cluster/crowd.js';

/** Milliseconds after which a request counts as hanging, also on a machine that is busy with other things. */
export const PATIENCE = 30_000;

/** What became of a request; times in milliseconds since the run began. */
export interface Reply {
  /** `broken`: the connection ended before the answer did. */
  readonly status: number | 'broken' | 'late';
  /** The process that answered. */
  readonly worker: string | undefined;
  readonly retryAfter: string | undefined;
  readonly text: string;
  /** What a browser would send from now on; empty when the cookie was removed. */
  readonly cookie: string | undefined;
  readonly began: number;
  readonly ended: number;
}

/** Lets so many requests begin in a second. */
export class Pace {
  #next = 0;

  constructor(private readonly perSecond: number) {}

  async turn(): Promise<void> {
    const now = performance.now();
    this.#next = Math.max(this.#next + 1000 / this.perSecond, now);
    if (this.#next > now) await delay(this.#next - now);
  }
}

/** Sends requests to a cluster and never throws. */
export class Client {
  constructor(
    private readonly origin: string,
    readonly pace: Pace,
    private readonly now: () => number,
  ) {}

  /** @param choose called when it is the turn of the request: until then a process may die */
  async ask(choose: () => Question): Promise<Reply> {
    await this.pace.turn();
    const question = choose();
    const began = this.now();
    const nothing = { worker: undefined, retryAfter: undefined, text: '', cookie: undefined, began };
    try {
      const answer = await this.#send(question);
      return { ...nothing, ...answer, ended: this.now() };
    } catch (error) {
      const isLate = error instanceof Error && error.name === 'TimeoutError';
      const text = error instanceof Error ? error.message : 'unknown';
      return { ...nothing, status: isLate ? 'late' : 'broken', text, ended: this.now() };
    }
  }

  async #send({ path, method = 'GET', cookie, port }: Question) {
    const { host, port: proxyPort } = new URL(this.origin);
    const headers = { host, ...(cookie !== undefined && { cookie }) };
    const signal = AbortSignal.timeout(PATIENCE);
    const target = { host: '127.0.0.1', port: port ?? proxyPort, path, method, headers, agent: false };
    const sent = request({ ...target, signal }).end();
    // Also after the response has begun: nobody else listens.
    sent.on('error', () => undefined);
    const [response] = (await once(sent, 'response', { signal })) as [IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
    const setCookie = response.headers['set-cookie']?.find((line) => /^(session|sid)=/.test(line));
    return {
      status: response.statusCode ?? 0,
      worker: response.headers['x-worker']?.toString(),
      retryAfter: response.headers['retry-after'],
      text,
      cookie: setCookie && pairOf(setCookie).replace(/^\w+=$/, ''),
    };
  }
}
