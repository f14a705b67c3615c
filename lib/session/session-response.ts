import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import onHeaders from 'on-headers';
import { WristbandException } from '../errors/wristband.exception.js';
import { sendError } from '../http/error-response.js';
import { HeldResponse } from '../http/held-response.js';
import type { SessionInUse } from './session-in-use.js';

/** Has a session written as the headers are. */
export function writeWithHeaders(response: ServerResponse, session: SessionInUse): void {
  onHeaders(response, () => void session.begin(response));
}

/**
 * Has a session written before a response begins, however long that takes. When it cannot be written the response
 * becomes an error.
 *
 * @param opened the session of the request, once it is open
 * @param search is over when it is
 */
export function writeBeforeResponse(
  response: ServerResponse,
  opened: () => SessionInUse | undefined,
  search: Promise<unknown> | undefined,
): void {
  let isSearching = search !== undefined;
  const searched = search?.finally(() => (isSearching = false));
  // Who asked for the session is told.
  searched?.catch(() => undefined);
  const afterSearch = async () => {
    await searched;
    // Server-sent events begin while the handler still waits for the session: it gets the turn in which it has it.
    await nextTurn();
    await opened()?.begin(response);
  };
  const replace = (error: unknown) => {
    if (error instanceof WristbandException) sendError(response, error);
    else response.destroy();
  };
  new HeldResponse(response, () => (isSearching ? afterSearch() : opened()?.begin(response)), replace);
  // Headers that are given to writeHead() become headers of the response before it is held back.
  onHeaders(response, () => undefined);
}
