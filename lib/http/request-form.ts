import type { IncomingMessage } from 'node:http';
import type { HttpRequest } from '../interfaces/http.interface.js';
import { isJsonObject, type JsonObject } from '../json/json.js';
import { rawRequest } from './http-request.js';

/** Bytes of a body that nobody parsed before. */
const MAX_BODY_BYTES = 64 * 1024;

/** The form that a request brought, or why there is none, as a whole sentence. */
export type RequestForm = { readonly form: JsonObject } | { readonly problem: string };

/**
 * The form in the body of a request: as the application's parser left it on `req.body`, and where there is none, from the
 * body itself, 64 kB at most. A field that comes several times is a list.
 */
export async function requestForm(request: HttpRequest): Promise<RequestForm> {
  const raw = rawRequest(request);
  if (raw.method !== 'POST') return { problem: 'A form has to be posted' };
  const type = raw.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') {
    return { problem: 'The body has to be of the type application/x-www-form-urlencoded' };
  }
  const { body } = request as { readonly body?: unknown };
  if (typeof body === 'string' || Buffer.isBuffer(body)) return { form: parseForm(String(body)) };
  if (isJsonObject(body)) return { form: body };
  if (raw.readableDidRead) {
    return { problem: 'The body was read before, but is not on req.body: use a parser for forms' };
  }
  const text = await readText(raw);
  return text === undefined ? { problem: 'The body is too large, or broke off' } : { form: parseForm(text) };
}

/**
 * A field of the form that the application's parser left on `req.body`; `undefined` where there is none. A field that comes
 * several times has no value that counts.
 */
export function parsedFormField(request: HttpRequest, name: string): string | undefined {
  const type = rawRequest(request).headers['content-type'];
  if (type === undefined || !/^\s*(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type))
    return undefined;
  const { body } = request as { readonly body?: unknown };
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return undefined;
  const field: unknown = Reflect.get(body, name);
  // @fastify/multipart puts each field into an object.
  const value = typeof field === 'object' && field !== null && 'value' in field ? field.value : field;
  return typeof value === 'string' ? value : '';
}

async function readText(raw: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Destroyed, the request would take the connection with it, and nobody would get an answer.
    for await (const chunk of raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > MAX_BODY_BYTES) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseForm(text: string): JsonObject {
  const form = new URLSearchParams(text);
  const names = [...new Set(form.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const [value, ...others] = form.getAll(name);
      return [name, others.length > 0 ? [value, ...others] : value];
    }),
  );
}
