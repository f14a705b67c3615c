import type { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import onHeaders from 'on-headers';

type Beginning = 'writeHead' | 'write' | 'end' | 'flushHeaders';
type Call = { readonly run: () => unknown; readonly callback: (() => void) | undefined };
type Phase = 'before' | 'held' | 'open' | 'replaced';

const HEADER_CHANGES = ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader'] as const;

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
  /** Puts back what {@link #disguise} changed. */
  #restore: (() => void)[] = [];

  /**
   * @param begin called once, when the response is about to begin, with a view of it whose headers can be set all the time;
   * with a promise it waits for that
   * @param replace answers in the place of the response when that is rejected, or ends it when it cannot be sent as it is
   */
  constructor(
    private readonly response: ServerResponse,
    private readonly begin: (open: ServerResponse) => Promise<void> | undefined,
    private readonly replace: (error: unknown) => void,
  ) {
    this.#take('writeHead', response);
    this.#take('flushHeaders', undefined);
    this.#take('write', false);
    this.#take('end', response);
    // Headers that are given to writeHead() become headers of the response before it is held back.
    onHeaders(response, () => undefined);
  }

  /** @param answer what a call answers while it is held back */
  #take(name: Beginning, answer: unknown): void {
    const { response } = this;
    const original = response[name] as (...values: unknown[]) => unknown;
    const held = (...values: unknown[]): unknown => {
      if (this.#phase === 'before') this.#begin();
      else if (this.#phase === 'held' && name === 'writeHead') throw headersSent();
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
    const { response } = this;
    const { statusCode } = response;
    // Whatever `begin` does to the response itself is not held back.
    this.#phase = 'open';
    const ready = this.begin(openView(response));
    if (!ready) return;
    this.#phase = 'held';
    this.#disguise();
    // Whoever sets another one in vain, because the response has begun, must not be heard later.
    const release = () => this.#release(Object.assign(response, { statusCode }));
    ready
      .then(release)
      .catch((error: unknown) => this.#giveUp(error))
      .catch(() => response.destroy());
  }

  /**
   * Frameworks look whether a response has been sent, and would send another one. A handler that answers twice is told, as
   * Node does it, before the second answer can change the headers of the first.
   */
  #disguise(): void {
    this.#change('headersSent', { get: () => true });
    this.#change('writableEnded', { get: () => this.#isEnded });
    const refuse = () => {
      throw headersSent();
    };
    for (const name of HEADER_CHANGES) this.#change(name, { value: refuse, writable: true });
  }

  #change(name: keyof ServerResponse, descriptor: PropertyDescriptor): void {
    const { response } = this;
    const before = Object.getOwnPropertyDescriptor(response, name);
    this.#restore.push(() => {
      if (before) Object.defineProperty(response, name, before);
      else Reflect.deleteProperty(response, name);
    });
    Object.defineProperty(response, name, { ...descriptor, configurable: true });
  }

  #undisguise(): void {
    for (const restore of this.#restore.splice(0)) restore();
    this.#phase = 'open';
  }

  #release(response: ServerResponse): void {
    this.#undisguise();
    let answer: unknown;
    for (let call = this.#calls.shift(); call; call = this.#calls.shift()) answer = call.run();
    // A stream was told to wait. If it still has to, Node says when to go on.
    if (answer !== false && !this.#isEnded) sayDrained(response);
  }

  #giveUp(error: unknown): void {
    this.#undisguise();
    this.replace(error);
    this.#phase = 'replaced';
    for (const { callback } of this.#calls) if (callback) process.nextTick(callback);
    this.#calls = [];
    // Whoever streams into it comes to its end that way.
    sayDrained(this.response);
  }
}

/** The same response, whose headers can be set while nobody else can. */
function openView(response: ServerResponse): ServerResponse {
  return Object.create(response, {
    setHeader: { value: response.setHeader.bind(response) },
    // oxlint-disable-next-line typescript/unbound-method -- of the view: it calls setHeader() of its own
    appendHeader: { value: response.appendHeader },
  }) as ServerResponse;
}

/** Middleware that compresses keeps those who wait for it elsewhere; `on()` answers where. */
function sayDrained(response: ServerResponse): void {
  const waiting: EventEmitter = response.on('drain', () => undefined);
  waiting.emit('drain');
}

function headersSent(): Error {
  const error = new Error('Cannot change headers after they are sent to the client');
  return Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' });
}
