import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import { gunzipSync } from 'node:zlib';
import { CookieJar } from 'tough-cookie';

export interface BrowserOptions {
  /** Trusted certificate authority for https, PEM. */
  readonly ca?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Which cookies it does not take. */
  readonly refuses?: (setCookie: string, url: string) => boolean;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
  /** `manual` answers the first response, also when it is a redirect. */
  readonly redirect?: 'follow' | 'manual';
}

export interface BrowserResponse {
  readonly status: number;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly setCookies: readonly string[];
  readonly text: string;
  /** The redirect's target as a URL; throws when the response is none. */
  readonly location: URL;
  /** URLs that were visited on the way, this one included. */
  readonly trail: readonly string[];
  json<T = Record<string, unknown>>(): T;
}

/** A response as it came. */
export interface Exchange {
  readonly response: Pick<http.IncomingMessage, 'statusCode' | 'headers'>;
  readonly text: string;
}

/** A browser without a window: cookies, redirects and every `*.localhost` name, which Node itself cannot resolve. */
export class Browser {
  readonly jar = new CookieJar(undefined, { allowSpecialUseDomain: true, rejectPublicSuffixes: false });

  constructor(protected readonly options: BrowserOptions = {}) {}

  get(url: string, options: RequestOptions = {}): Promise<BrowserResponse> {
    return this.request(url, { method: 'GET', ...options });
  }

  post(url: string, options: RequestOptions = {}): Promise<BrowserResponse> {
    return this.request(url, { method: 'POST', ...options });
  }

  submit(
    url: string,
    fields: Readonly<Record<string, string>>,
    options: RequestOptions = {},
  ): Promise<BrowserResponse> {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', ...options.headers };
    return this.post(url, { ...options, headers, body: new URLSearchParams(fields).toString() });
  }

  async request(
    url: string,
    options: RequestOptions = {},
    trail: readonly string[] = [],
  ): Promise<BrowserResponse> {
    const response = await this.#send(url, options, [...trail, url]);
    const target = response.headers.location;
    const isRedirect = response.status >= 300 && response.status < 400 && target !== undefined;
    if (!isRedirect || options.redirect === 'manual') return response;
    if (response.trail.length > 20)
      throw new Error(`too many redirects: ${response.trail.slice(-4).join(' -> ')}`);
    const headers = { ...options.headers };
    delete headers['Content-Type'];
    return this.request(
      new URL(target, url).href,
      { ...options, method: 'GET', body: '', headers },
      response.trail,
    );
  }

  async cookies(url: string): Promise<string[]> {
    return (await this.jar.getCookies(url)).map((cookie) => cookie.key);
  }

  async #send(url: string, options: RequestOptions, trail: readonly string[]): Promise<BrowserResponse> {
    const target = new URL(url);
    const cookie = await this.jar.getCookieString(url);
    const always = { host: target.host, ...(cookie && { cookie }), ...this.options.headers };
    const headers = { ...always, ...options.headers };
    const { response, text } = await this.exchange(target, { ...options, headers });
    const setCookies = response.headers['set-cookie'] ?? [];
    for (const line of setCookies) {
      if (this.options.refuses?.(line, url)) continue;
      await this.jar.setCookie(line, url, { ignoreError: true });
    }
    return {
      status: response.statusCode ?? 0,
      url,
      headers: response.headers,
      setCookies,
      text,
      trail,
      get location() {
        if (response.headers.location === undefined)
          throw new Error(`no redirect but ${response.statusCode}: ${text}`);
        return new URL(response.headers.location, url);
      },
      json: <T>() => JSON.parse(text) as T,
    };
  }

  /** One request, and its response: to be replaced by browsers that speak something else than HTTP/1.1. */
  protected exchange(target: URL, { method = 'GET', headers = {}, body }: RequestOptions): Promise<Exchange> {
    const { ca } = this.options;
    const send = target.protocol === 'https:' ? https.request : http.request;
    const isLoopback = /(^|\.)localhost$|^127\.|^\[::1\]$/.test(target.hostname);
    if (!isLoopback) throw new Error(`a test must not leave this machine: ${target.host}`);
    return new Promise<Exchange>((resolve, reject) => {
      const request = send(
        {
          host: '127.0.0.1',
          port: target.port,
          path: `${target.pathname}${target.search}`,
          method,
          headers: headers as http.OutgoingHttpHeaders,
          agent: false,
          ...(target.protocol === 'https:' && { servername: target.hostname, ca }),
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => void chunks.push(chunk));
          response.on('end', () => resolve({ response, text: decoded(response, Buffer.concat(chunks)) }));
          response.on('error', reject);
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }
}

function decoded({ headers }: http.IncomingMessage, body: Buffer): string {
  if (headers['content-encoding'] === 'gzip') return gunzipSync(body).toString();
  return body.toString();
}
