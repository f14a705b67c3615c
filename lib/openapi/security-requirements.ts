import type { ResolvedOptions } from '../config/resolved-options.js';
import { isUnsafeMethod } from '../csrf/request-site.js';
import type { AuthStrategy } from '../interfaces/authentication.interface.js';
import type { AuthRouteGuard } from '../routes/route-guard.js';
import type { Route } from '../routes/route-reader.js';

/** Security schemes, by names that are long, so that an application's own are not among them. */
export type Scheme = 'wristbandSession' | 'wristbandBearer' | 'wristbandCsrf';

/** The name of a scheme in a document: with that of the Wristband application, if it has one. */
export function schemeName(scheme: Scheme, application: string | undefined): string {
  return application === undefined ? scheme : `${scheme}.${application}`;
}

/** Schemes that are all needed (OpenAPI 3, Security Requirement Object); of a list of these one is enough. */
export type SecurityRequirement = Readonly<Record<string, string[]>>;

/** What a document says about an operation. */
export interface OperationSecurity {
  readonly security: readonly SecurityRequirement[];
  readonly refusals: readonly (401 | 403)[];
}

/** Names of schemes that bring somebody in together. */
type Alternative = ReadonlySet<string>;
type Protection = Pick<Route, 'rules' | 'guards'>;
type SecurityOptions = Pick<ResolvedOptions, 'name' | 'authStrategies' | 'session'>;

/**
 * What somebody has to send to call a route, as its guards and decorators have it.
 *
 * @param method of the request
 * @param applications the options of each Wristband application
 * @returns `undefined` for a route that none of our guards protects and that is not public either
 */
export function operationSecurity(
  { rules, guards }: Protection,
  method: string,
  applications: readonly SecurityOptions[],
): OperationSecurity | undefined {
  if (rules.isPublic) return { security: [], refusals: [] };
  const authGuards = guards.filter((guard) => guard.kind === 'auth');
  if (authGuards.length === 0) return undefined;
  const ways = waysThrough(authGuards.map((guard) => schemesOf(guard, rules.strategies, applications)));
  const isUnsafe = isUnsafeMethod(method) && !rules.isCsrfSkipped;
  const tokens = isUnsafe ? csrfSchemes(applications) : new Map<string, string>();
  const hasRoles = rules.roles !== undefined && guards.some(({ kind }) => kind === 'roles');
  // Whoever asks for roles asks for a user, optional or not.
  const isOptional = rules.isOptional && !hasRoles;
  const mayForbid =
    hasRoles ||
    authGuards.some(({ hasLastWord }) => hasLastWord) ||
    (isUnsafe && ways.some((way) => [...way].some((scheme) => scheme.startsWith('wristbandSession'))));
  return {
    security: [...ways.map((way) => requirement(way, tokens)), ...(isOptional ? [{}] : [])],
    refusals: [...(isOptional ? [] : ([401] as const)), ...(mayForbid ? ([403] as const) : [])],
  };
}

/** What a guard lets pass. */
function schemesOf(
  { application, tries }: AuthRouteGuard,
  listed: readonly AuthStrategy[] | undefined,
  applications: readonly SecurityOptions[],
): string[] {
  const usual = applications.find(({ name }) => name === application)?.authStrategies ?? [];
  const strategies = listed ?? (tries === 'SESSION' || tries === 'JWT' ? [tries] : usual);
  return strategies.map((strategy) => schemeName(SCHEMES[strategy], application));
}

const SCHEMES = { SESSION: 'wristbandSession', JWT: 'wristbandBearer' } as const;

/** The schemes of sessions that need a second one. */
function csrfSchemes(applications: readonly SecurityOptions[]): Map<string, string> {
  const isProtected = ({ session }: SecurityOptions) => session?.enableCsrfProtection === true;
  return new Map(
    applications
      .filter(isProtected)
      .map(({ name }) => [schemeName('wristbandSession', name), schemeName('wristbandCsrf', name)]),
  );
}

/** All guards have to be content, each with any of its strategies: what a request can bring to manage that. */
function waysThrough(guards: readonly (readonly string[])[]): Alternative[] {
  const none: Alternative[] = [new Set()];
  const ways = guards.reduce(
    (sofar, schemes) =>
      schemes.flatMap((scheme) => sofar.map((way): Alternative => new Set([...way, scheme]))),
    none,
  );
  return ways.filter((way, index) => !ways.some((other, at) => isPointless(way, other, at < index)));
}

/** Whether one way makes another pointless: it needs less, or the same and was named before. */
function isPointless(way: Alternative, other: Alternative, isOtherFirst: boolean): boolean {
  const isWithin = [...other].every((scheme) => way.has(scheme));
  return isWithin && (other.size < way.size || isOtherFirst);
}

function requirement(way: Alternative, tokens: ReadonlyMap<string, string>): SecurityRequirement {
  const names = [...way].flatMap((scheme) => [scheme, tokens.get(scheme) ?? []].flat());
  return Object.fromEntries(names.map((name) => [name, []]));
}
