import type { ReceivedSession } from './received-session.js';
import type { StoredSession } from './session.js';

type Fields = StoredSession['fields'];

/** What a request did to the fields of a session. */
export interface SessionChanges {
  readonly set: Fields;
  readonly deleted: readonly string[];
}

/** They belong together: of two refreshes one wins as a whole. */
const TOKENS = ['accessToken', 'expiresAt', 'refreshToken'];

/** What became of a session between how it came and how it is. A field counts as a whole, whatever is in it. */
export function changesBetween(received: ReceivedSession, { fields }: StoredSession): SessionChanges {
  const isChanged = ([name, value]: readonly [string, unknown]) =>
    JSON.stringify(value) !== JSON.stringify(received.fields[name]);
  return {
    // What is undefined is not written: it counts as deleted.
    set: Object.fromEntries(
      Object.entries(fields).filter((field) => field[1] !== undefined && isChanged(field)),
    ),
    deleted: Object.keys(received.fields).filter((name) => fields[name] === undefined),
  };
}

/**
 * Changes that one request made, put onto a session that others may have changed meanwhile.
 *
 * @param received the session as the request knew it
 */
export function withChanges(
  newest: ReceivedSession,
  changes: SessionChanges,
  received: ReceivedSession,
): StoredSession {
  const areTokensOld = hasNewerTokens(newest.fields, changes.set, received.fields);
  const isKept = (name: string) => !areTokensOld || !TOKENS.includes(name);
  const fields = { ...newest.fields };
  for (const name of changes.deleted) if (isKept(name)) delete fields[name];
  for (const [name, value] of Object.entries(changes.set)) if (isKept(name)) fields[name] = value;
  return { id: newest.id, createdAt: newest.createdAt, fields };
}

/** Whether another request refreshed the tokens, to ones that live longer than those that are to be written. */
function hasNewerTokens(newest: Fields, set: Fields, received: Fields): boolean {
  const isRefreshed =
    newest.accessToken !== received.accessToken || newest.refreshToken !== received.refreshToken;
  return isRefreshed && !(Number(set.expiresAt) > Number(newest.expiresAt));
}
