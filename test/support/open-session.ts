import { type ResolvedSessionOptions, resolveOptions } from '../../lib/config/resolved-options.js';
import type { SessionOptions } from '../../lib/index.js';
import { SealedSessions } from '../../lib/session/cookies/sealed-sessions.js';
import { copyFields, receivedFrom } from '../../lib/session/received-session.js';
import { EndedSessions } from '../../lib/session/ended-sessions.js';
import type { Decision } from '../../lib/session/keepers/session-keeper.interface.js';
import type { WritingTools } from '../../lib/session/keepers/cookie-writer.js';
import { RecentChanges } from '../../lib/session/recent-changes.js';
import type { OpenSession } from '../../lib/session/session-snapshot.js';
import { WristbandSession } from '../../lib/session/session.js';
import { SESSION_HOOKS } from './session-hooks.js';

const SECRET = 'a-secret-for-tests-with-32-characters-or-more';

export function sessionOptions(session: Partial<SessionOptions> = {}): ResolvedSessionOptions {
  const { session: options } = resolveOptions({
    clientId: 'client',
    clientSecret: SECRET,
    wristbandApplicationVanityDomain: 'a.example',
    session: { secrets: SECRET, ...session },
  });
  return options!;
}

/** What it takes to write sessions into cookies, where no tokens were renewed. */
export function writingTools(session?: Partial<SessionOptions>): WritingTools {
  const options = sessionOptions(session);
  return {
    options,
    sealed: new SealedSessions(options),
    ended: new EndedSessions(options),
    changes: new RecentChanges(),
    newestTokens: () => undefined,
  };
}

/** The session `id-1` of a request, written at this moment; without fields that of a request that brings none. */
export function openSession(fields?: Record<string, unknown>): OpenSession {
  const createdAt = Math.floor(Date.now() / 1000);
  const received = fields && receivedFrom(JSON.stringify({ id: 'id-1', createdAt, fields }));
  const stored = received && { ...received, fields: copyFields(received) };
  return {
    session: new WristbandSession(stored, SESSION_HOOKS),
    received,
    changesBefore: 0,
    cookieNames: received ? ['session'] : [],
    csrfCookies: [fields?.csrfToken].filter((token) => typeof token === 'string'),
  };
}

/** What the cookie of a decision holds, and for how long. */
export function written({ cookies }: Decision, tools: WritingTools) {
  const [, value = '', maxAge] = /^session=([^;]+)(?:; Max-Age=(\d+))?/.exec(cookies[0] ?? '') ?? [];
  const session = tools.sealed.open(value);
  return session && { id: session.id, fields: session.fields, maxAge: maxAge && Number(maxAge) };
}
