import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { ResolvedOptions } from '../../config/resolved-options.js';
import type { CallbackData } from '../../interfaces/auth-flow.interface.js';
import type { SessionManager } from '../../session/session.manager.js';

/** What a browser has of a session. */
export interface NewSession {
  /** The `Set-Cookie` lines; none in an application without sessions. */
  readonly setCookies: readonly string[];
  /** Header and value for requests that change something, where the application wants that. */
  readonly csrfHeader?: readonly [name: string, value: string];
}

/** Writes the session of a sign-in as a Callback Endpoint does, into a response that is not sent to anybody. */
export async function writeNewSession(
  sessions: SessionManager,
  { hooks, session: options }: Pick<ResolvedOptions, 'hooks' | 'session'>,
  callbackData: CallbackData,
  fields: object | undefined,
): Promise<NewSession> {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  const added = await hooks.onCallback?.(callbackData, request);
  if (!options) return { setCookies: [] };
  const session = await sessions.load(request, response);
  session.fromCallback(callbackData, { ...added, ...fields });
  await sessions.prepare(request);
  // What takes time is done: the headers are complete at once.
  response.writeHead(200);
  const setCookies = [response.getHeader('set-cookie') ?? []].flat().map(String);
  if (setCookies.length === 0) throw new Error('The session of the sign-in ended before it began.');
  const { csrfToken } = session;
  return {
    setCookies,
    ...(typeof csrfToken === 'string' && { csrfHeader: [options.csrfHeaderName.toLowerCase(), csrfToken] }),
  };
}
