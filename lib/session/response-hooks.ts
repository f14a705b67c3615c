import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { InternalServerErrorException } from '@nestjs/common';
import onHeaders from 'on-headers';
import { WristbandException } from '../errors/wristband.exception.js';
import { sendError } from '../http/error-response.js';
import { HeldResponse } from '../http/held-response.js';
import { keepSetCookiesLast } from '../http/http-response.js';
import type { SessionInUse } from './session-in-use.js';

/** Has a session written as the headers are. */
export function writeWithHeaders(response: ServerResponse, session: SessionInUse): void {
  onHeaders(response, () => void session.begin(response));
  keepSetCookiesLast(response, () => session.cookies);
}

/**
 * Has a session written before a response begins, however long that takes. When it cannot be written the response
 * becomes an error.
 *
 * @param opened the session of the request, once it is open
 * @param search is over when it is
 * @param report hears of a response that cannot be sent: its handler is done, and cannot be told
 */
export function writeBeforeResponse(
  response: ServerResponse,
  opened: () => SessionInUse | undefined,
  search: Promise<unknown> | undefined,
  report: (error: unknown) => void,
): void {
  let isSearching = search !== undefined;
  const searched = search?.finally(() => (isSearching = false));
  // Who asked for the session is told.
  searched?.catch(() => undefined);
  const afterSearch = async (open: ServerResponse) => {
    await searched;
    // Server-sent events begin while the handler still waits for the session: it gets the turn in which it has it.
    await nextTurn();
    await opened()?.begin(open);
  };
  const replace = (error: unknown) => {
    const told = error instanceof WristbandException ? error : new InternalServerErrorException();
    if (told !== error) report(error);
    if (response.headersSent) response.destroy();
    else sendError(response, told);
  };
  const begin = (open: ServerResponse) => (isSearching ? afterSearch(open) : opened()?.begin(open));
  new HeldResponse(response, begin, replace);
  keepSetCookiesLast(response, () => opened()?.cookies ?? []);
}
