import type { ServerResponse } from 'node:http';
import type { ResolvedSessionOptions } from '../config/resolved-options.js';
import type { WristbandEvents } from '../events/wristband-events.js';
import { requestCookies } from '../http/cookies.js';
import { hasForeignProperty } from '../http/request-property.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import { isFamilyName } from './cookies/cookie-family.js';

type ConflictingOption = 'cookieName' | 'csrfCookieName' | 'requestProperty';

interface RequestOfNeighbours {
  readonly sessionOptions?: unknown;
  readonly sessionStore?: unknown;
  readonly server?: { hasPlugin?(name: string): boolean };
}

/** Other session libraries, and whether a request shows that the application uses them. */
const NEIGHBOURS: Readonly<Record<string, (request: RequestOfNeighbours) => boolean>> = {
  'cookie-session': ({ sessionOptions }) => sessionOptions !== undefined,
  'express-session': ({ sessionStore, server }) => sessionStore !== undefined && server === undefined,
  '@fastify/session': ({ server }) => server?.hasPlugin?.('@fastify/session') === true,
  '@fastify/secure-session': ({ server }) => server?.hasPlugin?.('@fastify/secure-session') === true,
};

/** The cookies of this library hold a JWE in its compact form. */
const OWN_VALUE = /^[\w-]+(\.[\w-]*){4}$/;

/**
 * Warns, once for each option, that another session library uses a name of this one: the two then overwrite each other's
 * cookies, or the handlers find the other session in `req.session`.
 */
export class NameConflicts {
  readonly #warned = new Set<ConflictingOption>();

  constructor(
    private readonly options: ResolvedSessionOptions,
    private readonly events: Pick<WristbandEvents, 'warn'>,
  ) {}

  /**
   * @param user the package that uses the property, if it is known
   * @param request any, or what of it is known
   */
  warnOfProperty(user: string | undefined, request: object): void {
    const property = `req.${this.options.requestProperty}`;
    this.#warn(
      'requestProperty',
      `${user ?? neighboursOf(request) ?? 'Something else'} uses ${property} as well, so ${property} is not the session of this library`,
    );
  }

  /** @param hasSession whether the request brought a session of this library */
  checkRequest(request: HttpRequest, hasSession: boolean): void {
    const { cookieName, requestProperty } = this.options;
    if (hasForeignProperty(request, requestProperty)) this.warnOfProperty(undefined, request);
    if (hasSession || this.#warned.has('cookieName')) return;
    const cookies = requestCookies(request, cookieName).filter(({ name }) => name === cookieName);
    if (cookies.every(({ value }) => OWN_VALUE.test(value))) return;
    const neighbours = neighboursOf(request);
    if (neighbours !== undefined) this.#warnOfCookie('cookieName', cookieName, neighbours);
  }

  /**
   * @param response whose headers are final
   * @param own the `Set-Cookie` lines of this library
   */
  checkResponse(request: HttpRequest, response: ServerResponse, own: readonly string[]): void {
    const lines = response.getHeader('Set-Cookie');
    if (lines === undefined) return;
    const { cookieName, csrfCookieName, enableCsrfProtection } = this.options;
    for (const line of [lines].flat().map(String)) {
      const [, name = '', value = ''] = /^([^=;]*)=([^;]*)/.exec(line) ?? [];
      // To remove a cookie of this library is a way to sign out.
      if (value === '' || own.includes(line)) continue;
      if (isFamilyName(name, cookieName)) this.#warnOfCookie('cookieName', name, neighboursOf(request));
      else if (enableCsrfProtection && name === csrfCookieName)
        this.#warnOfCookie('csrfCookieName', name, neighboursOf(request));
    }
  }

  #warnOfCookie(option: ConflictingOption, name: string, user = 'Something else'): void {
    this.#warn(
      option,
      `${user} sets a cookie named ${name} as well; each overwrites that of the other, which signs users out`,
    );
  }

  #warn(option: ConflictingOption, problem: string): void {
    if (this.#warned.has(option)) return;
    this.#warned.add(option);
    this.events.warn(`${problem}. Set session.${option} of WristbandModule to another name`);
  }
}

function neighboursOf(request: object): string | undefined {
  const found = Object.entries(NEIGHBOURS).filter(([, isUsed]) => isUsed(request as RequestOfNeighbours));
  return found.length > 0 ? found.map(([name]) => name).join(' or ') : undefined;
}
