import { once } from 'node:events';
import { Agent, request } from 'node:http';

/** What came back for one request. */
export interface Answer {
  readonly status: number;
  /** The process that answered. */
  readonly worker: string | undefined;
  readonly text: string;
  readonly setCookies: readonly string[];
  /** Milliseconds from the beginning of the burst. */
  readonly took: number;
}

export interface Question {
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  /** The Cookie header. */
  readonly cookie?: string;
  /** A process to ask past the proxy. */
  readonly port?: number;
}

/** Enough for everybody at the same time: a request that waits for a socket is none of a storm. */
const SOCKETS = 1000;

/** Sends all questions at the same moment, each on a connection of its own. */
export async function askAll(origin: string, questions: readonly Question[]): Promise<Answer[]> {
  const agent = new Agent({ keepAlive: false, maxSockets: SOCKETS });
  const began = performance.now();
  try {
    return await Promise.all(questions.map((question) => send(origin, question, agent, began)));
  } finally {
    agent.destroy();
  }
}

export async function ask(origin: string, question: Question): Promise<Answer> {
  const [answer] = await askAll(origin, [question]);
  return answer!;
}

/** The same question many times. */
export function storm(origin: string, count: number, question: Question): Promise<Answer[]> {
  return askAll(origin, Array<Question>(count).fill(question));
}

/** What a browser would send after a `Set-Cookie`. */
export function pairOf(setCookie: string): string {
  return setCookie.split(';', 1)[0]!;
}

/** Different values, each once. */
export function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

async function send(
  origin: string,
  { path, method = 'GET', cookie, port }: Question,
  agent: Agent,
  began: number,
): Promise<Answer> {
  const { host, port: proxyPort } = new URL(origin);
  const headers = { host, ...(cookie !== undefined && { cookie }) };
  const sent = request({ host: '127.0.0.1', port: port ?? proxyPort, path, method, headers, agent }).end();
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return {
    status: response.statusCode ?? 0,
    worker: response.headers['x-worker']?.toString(),
    text,
    setCookies: response.headers['set-cookie'] ?? [],
    took: performance.now() - began,
  };
}
