import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** Milliseconds. */
const RESPONSE_TIMEOUT = 5000;
const INTERVAL = 200;
const LONGEST_INTERVAL = 10_000;

/** The status of a response, or why there is none. */
export type Reached = number | 'silent' | 'closed';

/** Whether a port of this machine is in use. */
export function isListening(port: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: 'localhost', port: Number(port) });
    socket.setTimeout(RESPONSE_TIMEOUT, () => socket.destroy());
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => undefined).once('close', () => resolve(false));
  });
}

/**
 * Requests a page until it responds with a status below 500, which a proxy does not send in front of an application that
 * is not up.
 *
 * @param onTry receives what each try found
 * @returns the status, or undefined when the signal aborted
 */
export async function whenUp(
  url: URL,
  signal: AbortSignal,
  onTry: (reached: Reached) => void,
): Promise<number | undefined> {
  let interval = INTERVAL;
  while (!signal.aborted) {
    const reached = await reach(url, signal);
    if (typeof reached === 'number' && reached < 500) return reached;
    if (signal.aborted) break;
    onTry(reached);
    // Each response may have cost the application a line of its log.
    interval = typeof reached === 'number' ? Math.min(interval * 2, LONGEST_INTERVAL) : INTERVAL;
    await wait(interval, undefined, { signal, ref: false }).catch(() => undefined);
  }
  return undefined;
}

/** HEAD starts no sign-in; not every application has it where it has GET. */
async function reach(url: URL, signal: AbortSignal): Promise<Reached> {
  const reached = await send('HEAD', url, signal);
  return reached === 404 || reached === 405 ? send('GET', url, signal) : reached;
}

function send(method: 'HEAD' | 'GET', url: URL, signal: AbortSignal): Promise<Reached> {
  const options: RequestOptions & { rejectUnauthorized: boolean } = {
    method,
    signal: AbortSignal.any([signal, AbortSignal.timeout(RESPONSE_TIMEOUT)]),
    agent: false,
    headers: { host: url.host },
    // Certificates for development are known to browsers at most.
    rejectUnauthorized: false,
  };
  // Browsers know that app.localhost is this machine, Node.js does not everywhere.
  const target = new URL(url);
  if (target.hostname.endsWith('.localhost')) target.hostname = 'localhost';
  return new Promise((resolve) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(target, options, (response) => {
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    request.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.name === 'AbortError' || error.name === 'TimeoutError' ? 'silent' : 'closed'),
    );
    request.end();
  });
}
