import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

const INTERVAL = 200;
const PATIENCE = 60_000;
const CONNECT_TIMEOUT = 1000;

/** Waits until somebody listens at a URL. Gives up after a minute, or when aborted: it resolves then too. */
export async function whenAnswering(url: URL, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  while (!signal.aborted && Date.now() < deadline && !(await isListening(url))) {
    await wait(INTERVAL, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** Whether somebody listens at a URL. */
export async function isListening({ protocol, hostname, port }: URL): Promise<boolean> {
  const socket = connect({
    host: hostname.replaceAll(/[[\]]/g, ''),
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
  });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
