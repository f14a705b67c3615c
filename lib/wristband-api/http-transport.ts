import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandException, wristbandUnavailable } from '../errors/wristband.exception.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { parseJson } from '../json/json.js';
import { type SpanOutcome, Spans } from '../telemetry/spans.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { readLimited } from './read-limited.js';
import { isUnsent, parseRetryAfter, pauseBefore } from './retry-policy.js';

/** A call to Wristband. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST';
  /** Path below `/api/v1`, for example `/oauth2/token`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams;
  /**
   * `true` when doing it twice does no harm. Otherwise it is only tried again when the first try provably did
   * nothing: a code or a rotating refresh token that was spent by a lost answer must not be sent again.
   */
  readonly isRepeatable: boolean;
  /**
   * Milliseconds after which the call is aborted, where that is later than `http.timeout`: for a caller that keeps a late
   * response. After `http.timeout` it is reported as trouble all the same, and not tried again.
   */
  readonly abortAfter?: number;
}

/** A 2xx, or a 4xx other than 408 and 429. */
export interface TransportAnswer {
  readonly status: number;
  /** The parsed body; `undefined` when it was empty or no JSON. */
  readonly json: unknown;
}

const MAX_TRIES = 3;
const LATE = 'did not answer in time';

/**
 * The one place that opens connections to Wristband. A call ends within `http.timeout`, retries included, unless its
 * request says otherwise; trouble (network, time-out, 3xx, 408, 429, 5xx) becomes `wristband_unavailable`, every other
 * response is returned to the caller.
 */
@Injectable()
export class HttpTransport {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly events: WristbandEvents,
    private readonly spans: Spans,
  ) {}

  /** @throws {WristbandException} `wristband_unavailable` */
  async send(request: TransportRequest): Promise<TransportAnswer> {
    const { timeout } = this.options.http;
    const { abortAfter = timeout } = request;
    const signal = AbortSignal.timeout(abortAfter);
    let isReported = false;
    const reportOnce = (trouble: string) => {
      if (!isReported) this.#report(request, trouble);
      isReported = true;
    };
    const overdue = setTimeout(() => abortAfter > timeout && reportOnce(LATE), timeout).unref();
    try {
      return await this.#tryUntil(request, signal, reportOnce);
    } finally {
      clearTimeout(overdue);
    }
  }

  async #tryUntil(
    request: TransportRequest,
    signal: AbortSignal,
    report: (trouble: string) => void,
  ): Promise<TransportAnswer> {
    const { timeout } = this.options.http;
    // Not by the wall clock, which may be set while we wait.
    const deadline = performance.now() + timeout;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#spanned(request, attempt, () => this.#attempt(request, signal));
      if ('answer' in outcome) return outcome.answer;
      const pause = pauseBefore(attempt + 1, outcome.retryAfter);
      const mayRepeat = (request.isRepeatable || outcome.didNothing) && attempt < MAX_TRIES;
      if (!mayRepeat || pause === undefined || performance.now() + pause >= deadline) {
        report(outcome.trouble);
        throw unavailable(outcome);
      }
      await delay(pause);
    }
  }

  /** @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span */
  #spanned(
    { method, path }: TransportRequest,
    attempt: number,
    call: () => Promise<Outcome>,
  ): Promise<Outcome> {
    const url = new URL(this.#url(path));
    const attributes = {
      'http.request.method': method,
      'server.address': url.hostname,
      'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
      // No query: there never is one.
      'url.full': url.href,
      ...(attempt > 1 && { 'http.request.resend_count': attempt - 1 }),
    };
    return this.spans.around(`${method} ${url.pathname}`, attributes, call, spanOutcome);
  }

  async #attempt(request: TransportRequest, signal: AbortSignal): Promise<Outcome> {
    const { method, path, headers = {}, body } = request;
    try {
      const send = this.options.http.fetch ?? globalThis.fetch;
      const init: RequestInit = {
        method,
        headers,
        signal,
        redirect: 'manual',
        ...(body !== undefined && { body }),
      };
      const response = await until(signal, send(this.#url(path), init));
      const text = await until(signal, readLimited(response));
      this.events.debug(`${method} ${path} answered ${response.status}`);
      return classify(response, text);
    } catch (cause) {
      return { trouble: describe(cause), cause, didNothing: isUnsent(cause) };
    }
  }

  #url(path: string): string {
    const { wristbandApplicationVanityDomain: domain, dangerouslyAllowInsecureRequests: isInsecure } =
      this.options;
    // RFC 6761 makes every *.localhost name loopback, but most resolvers below Node know only `localhost` itself.
    const reachable = isInsecure ? domain.replace(/^.*\.localhost(?=:|$)/i, 'localhost') : domain;
    return `${isInsecure ? 'http' : 'https'}://${reachable}/api/v1${path}`;
  }

  #report({ method, path }: TransportRequest, trouble: string): void {
    const { wristbandApplicationVanityDomain: domain } = this.options;
    this.events.emit({ type: 'wristband.unavailable', path, reason: trouble });
    this.events.warn(`Wristband is unavailable: ${method} ${path} at ${domain} ${trouble}`);
  }
}

function unavailable({ cause, retryAfter }: Trouble): WristbandException {
  const options = { cause, ...(retryAfter !== undefined && { retryAfter }) };
  return wristbandUnavailable('Wristband cannot be reached at the moment', options);
}

interface Trouble {
  /** Of an answer, if there was one. */
  readonly status?: number;
  readonly trouble: string;
  readonly didNothing: boolean;
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

type Outcome = Trouble | { readonly answer: TransportAnswer };

/**
 * Waits no longer than a signal says, and rejects with its reason. `fetch` forgets its signal over a body that is not encoded as its header says, and one
 * of the application may not know it at all.
 */
export function until<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason as Error);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    void Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', giveUp));
  });
}

function classify({ status, headers }: Response, text: string): Outcome {
  const isRedirect = status >= 300 && status < 400;
  if (isRedirect || status === 408 || status === 429 || status >= 500) {
    const retryAfter = parseRetryAfter(headers.get('retry-after'));
    // 429 and 503 say that the request was turned away at the door.
    return {
      trouble: `answered ${status}`,
      status,
      didNothing: status === 429 || status === 503,
      retryAfter,
    };
  }
  return { answer: { status, json: parseJson(text) } };
}

function spanOutcome(outcome: Outcome): SpanOutcome {
  const { status, cause } = 'answer' in outcome ? { ...outcome.answer, cause: undefined } : outcome;
  if (status === undefined) return { errorType: errorTypeOf(cause) };
  return {
    attributes: { 'http.response.status_code': status },
    ...(status >= 400 && { errorType: String(status) }),
  };
}

/** The code of a failed connection, or the name of the error. */
function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'error';
  const { code } = (error.cause ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : error.name;
}

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return 'failed';
  if (cause.name === 'TimeoutError') return LATE;
  const { code, message } = (cause.cause ?? {}) as { code?: unknown; message?: string };
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return 'speaks http, not https (for an emulator set dangerouslyAllowInsecureRequests)';
  }
  return typeof code === 'string' ? `failed with ${code}` : `failed: ${message ?? cause.message}`;
}
