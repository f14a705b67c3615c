import { requestCookies } from '../../http/cookies.js';
import type { WristbandEvents } from '../../events/wristband-events.js';
import type { HttpRequest } from '../../interfaces/http.interface.js';
import { familyNames, joinedValues } from '../cookies/cookie-family.js';
import { csrfCookiesOf } from '../cookies/session-cookies.js';
import type { SessionOwner } from '../ended-sessions.js';
import type { ReceivedSession } from '../received-session.js';
import type { Decision, FoundSession, SessionKeeper } from './session-keeper.interface.js';
import type { OpenSession } from '../session-snapshot.js';
import { cookieDecision, type WritingTools } from './cookie-writer.js';

/** Keeps a session in its cookie. Nothing takes time, so a cookie is sealed while the headers are written. */
export class CookieSessionKeeper implements SessionKeeper {
  readonly isAsync = false;

  constructor(
    private readonly tools: WritingTools,
    private readonly events: Pick<WristbandEvents, 'emit'>,
  ) {}

  find(request: HttpRequest): FoundSession {
    const { sessions, ...found } = this.findAll(request);
    return { ...found, received: sessions[0] };
  }

  /** Every session of a request that is not known to be over, the newest first. */
  findAll(request: HttpRequest) {
    const { options, sealed, ended, changes } = this.tools;
    const { cookieName, maxCookies } = options;
    const cookies = requestCookies(request, cookieName);
    const values = joinedValues(cookies, cookieName, maxCookies);
    const sessions = sealed.openAll(values, ended);
    if (sessions.length === 0 && values.length > 0)
      this.events.emit({ type: 'session.rejected', ...sealed.whyNone(values, ended) });
    return {
      sessions,
      changesBefore: changes.count,
      cookieNames: familyNames(cookies, cookieName),
      csrfCookies: csrfCookiesOf(request, options),
    };
  }

  decide(opened: OpenSession, known?: Decision): Decision {
    const decision = cookieDecision(opened, this.tools, known);
    const { sealedJson } = decision;
    // Also what was decided before counts from now on: the headers may be on their way.
    const isChange = sealedJson !== undefined && sealedJson !== opened.received?.json;
    if (isChange) this.tools.changes.add(opened.session.id);
    return decision;
  }

  /** At once: the cookie stays good whatever becomes of the response. */
  end(received: ReceivedSession): void {
    this.tools.ended.add(received);
  }

  async revoke(id: string): Promise<void> {
    this.tools.ended.addId(id);
  }

  async revokeAll(owner: SessionOwner, value: string, until?: number): Promise<void> {
    this.tools.ended.addAll(owner, value, until);
  }
}
