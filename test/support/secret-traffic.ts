import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SecretWatch } from './secret-watch.js';

const SECRET_FIELDS = ['access_token', 'refresh_token', 'id_token', 'accessToken', 'refreshToken'];

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Learns the secrets that go through the HTTP servers of this process: those of the application and of the emulator. */
export function watchTraffic(watch: SecretWatch): () => void {
  const learn = (message: unknown) => {
    const { request, response } = message as Exchange;
    learnFromRequest(watch, request);
    learnFromResponse(watch, response);
  };
  channel('http.server.request.start').subscribe(learn);
  return () => channel('http.server.request.start').unsubscribe(learn);
}

function learnFromRequest(watch: SecretWatch, { headers, url = '/' }: IncomingMessage): void {
  const [scheme, credentials = ''] = headers.authorization?.split(' ', 2) ?? [];
  if (scheme === 'Basic') {
    watch.addSecret(credentials);
    const text = Buffer.from(credentials, 'base64').toString('utf8');
    watch.addSecret(text.slice(text.indexOf(':') + 1));
  } else watch.addSecret(credentials);
  for (const pair of headers.cookie?.split(';') ?? []) learnFromCookie(watch, pair);
  learnFromQuery(watch, url);
}

function learnFromResponse(watch: SecretWatch, response: ServerResponse): void {
  const chunks: unknown[] = [];
  for (const name of ['write', 'end'] as const) {
    const send = response[name].bind(response) as (...given: unknown[]) => unknown;
    Object.assign(response, {
      [name]: (...given: unknown[]) => {
        chunks.push(given[0]);
        return send(...given);
      },
    });
  }
  response.once('finish', () => {
    for (const line of [response.getHeader('set-cookie') ?? []].flat()) {
      learnFromCookie(watch, String(line).split(';', 1)[0] ?? '');
    }
    learnFromQuery(watch, String(response.getHeader('location') ?? ''));
    if (String(response.getHeader('content-type')).includes('json')) learnFromBody(watch, chunks);
  });
}

function learnFromCookie(watch: SecretWatch, pair: string): void {
  watch.addSecret(pair.slice(pair.indexOf('=') + 1).trim());
}

function learnFromQuery(watch: SecretWatch, url: string): void {
  const code = /[?&]code=([^&#]+)/.exec(url)?.[1];
  watch.addSecret(code);
}

function learnFromBody(watch: SecretWatch, chunks: readonly unknown[]): void {
  const parts = chunks.filter((chunk) => typeof chunk === 'string' || chunk instanceof Uint8Array);
  const text = Buffer.concat(parts.map((part) => Buffer.from(part as string))).toString('utf8');
  for (const [, name = '', value] of text.matchAll(/"(\w+)":"([^"]*)"/g)) {
    if (SECRET_FIELDS.includes(name)) watch.addSecret(value);
  }
}
