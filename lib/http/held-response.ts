import type { ServerResponse } from 'node:http';

type Beginning = 'writeHead' | 'write' | 'end' | 'flushHeaders';
type Call = { readonly run: () => unknown; readonly callback: (() => void) | undefined };
type Phase = 'before' | 'held' | 'open' | 'replaced';

/**
 * Lets a response wait when it begins: whatever a handler, a framework or a stream does to it meanwhile is kept and done
 * afterwards, in the same order. To them it looks like one that is on its way, to a reader that is slow.
 *
 * There is no hook of Node for that: `writeHead` is called when the first bytes are written, and cannot wait.
 */
export class HeldResponse {
  #phase: Phase = 'before';
  #calls: Call[] = [];
  #isEnded = false;

  /**
   * @param begin called once, when the response is about to begin; with a promise it waits for that
   * @param replace answers in the place of the response when the promise is rejected
   */
  constructor(
    private readonly response: ServerResponse,
    private readonly begin: () => Promise<void> | undefined,
    private readonly replace: (error: unknown) => void,
  ) {
    this.#take('writeHead', response);
    this.#take('flushHeaders', undefined);
    this.#take('write', false);
    this.#take('end', response);
  }

  /** @param answer what a call answers while it is held back */
  #take(name: Beginning, answer: unknown): void {
    const { response } = this;
    const original = response[name] as (...values: unknown[]) => unknown;
    const held = (...values: unknown[]): unknown => {
      if (this.#phase === 'before') this.#begin();
      if (this.#phase === 'open') return Reflect.apply(original, response, values);
      const last = values.at(-1);
      const callback = typeof last === 'function' ? (last as () => void) : undefined;
      if (this.#phase === 'replaced') {
        if (callback) process.nextTick(callback);
        return name === 'write' ? true : answer;
      }
      if (name === 'end') this.#isEnded = true;
      this.#calls.push({ run: () => Reflect.apply(original, response, values), callback });
      return answer;
    };
    Object.defineProperty(response, name, { value: held, configurable: true, writable: true });
  }

  #begin(): void {
    // Whatever `begin` does to the response itself is not held back.
    this.#phase = 'open';
    const ready = this.begin();
    if (!ready) return;
    this.#phase = 'held';
    this.#pretend('headersSent', () => true);
    this.#pretend('writableEnded', () => this.#isEnded);
    void ready.then(
      () => this.#release(),
      (error: unknown) => this.#giveUp(error),
    );
  }

  /** Frameworks look whether a response has been sent, and would send another one. */
  #pretend(name: 'headersSent' | 'writableEnded', get: () => boolean): void {
    Object.defineProperty(this.response, name, { get, configurable: true });
  }

  #stopPretending(): void {
    Reflect.deleteProperty(this.response, 'headersSent');
    Reflect.deleteProperty(this.response, 'writableEnded');
  }

  #release(): void {
    this.#stopPretending();
    this.#phase = 'open';
    let answer: unknown;
    for (const { run } of this.#calls) answer = run();
    this.#calls = [];
    // A stream was told to wait. If it still has to, Node says when to go on.
    if (answer !== false && !this.#isEnded) this.response.emit('drain');
  }

  #giveUp(error: unknown): void {
    this.#stopPretending();
    this.#phase = 'open';
    this.replace(error);
    this.#phase = 'replaced';
    for (const { callback } of this.#calls) if (callback) process.nextTick(callback);
    this.#calls = [];
    // Whoever streams into it comes to its end that way.
    this.response.emit('drain');
  }
}
