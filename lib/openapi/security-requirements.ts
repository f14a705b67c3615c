import type { ResolvedOptions } from '../config/resolved-options.js';
import { isUnsafeMethod } from '../csrf/request-site.js';
import type { AuthStrategy } from '../interfaces/authentication.interface.js';
import type { AuthRouteGuard } from '../routes/route-guard.js';
import type { Route } from '../routes/route-reader.js';

/** Names of the security schemes in a document; long, so that an application's own are not among them. */
export type SchemeName = 'wristbandSession' | 'wristbandBearer' | 'wristbandCsrf';

/** Schemes that are all needed (OpenAPI 3, Security Requirement Object); of a list of these one is enough. */
export type SecurityRequirement = Partial<Record<SchemeName, string[]>>;

/** What a document says about an operation. */
export interface OperationSecurity {
  readonly security: readonly SecurityRequirement[];
  readonly refusals: readonly (401 | 403)[];
}

type Alternative = ReadonlySet<AuthStrategy>;
type Protection = Pick<Route, 'rules' | 'guards'>;
type SecurityOptions = Pick<ResolvedOptions, 'authStrategies' | 'session'>;

/**
 * What somebody has to send to call a route, as its guards and decorators have it.
 *
 * @param method of the request
 * @returns `undefined` for a route that none of our guards protects and that is not public either
 */
export function operationSecurity(
  { rules, guards }: Protection,
  method: string,
  options: SecurityOptions,
): OperationSecurity | undefined {
  if (rules.isPublic) return { security: [], refusals: [] };
  const authGuards = guards.filter((guard) => guard.kind === 'auth');
  if (authGuards.length === 0) return undefined;
  const ways = waysThrough(authGuards.map(({ tries }) => rules.strategies ?? strategiesOf(tries, options)));
  const isUnsafe = isUnsafeMethod(method) && !rules.isCsrfSkipped;
  const needsToken = isUnsafe && options.session?.enableCsrfProtection === true;
  const hasRoles = rules.roles !== undefined && guards.some(({ kind }) => kind === 'roles');
  // Whoever asks for roles asks for a user, optional or not.
  const isOptional = rules.isOptional && !hasRoles;
  const mayForbid =
    hasRoles ||
    authGuards.some(({ hasLastWord }) => hasLastWord) ||
    (isUnsafe && ways.some((way) => way.has('SESSION')));
  return {
    security: [...ways.map((way) => requirement(way, needsToken)), ...(isOptional ? [{}] : [])],
    refusals: [...(isOptional ? [] : ([401] as const)), ...(mayForbid ? ([403] as const) : [])],
  };
}

function strategiesOf(
  tries: AuthRouteGuard['tries'],
  { authStrategies }: SecurityOptions,
): readonly AuthStrategy[] {
  return tries === 'SESSION' || tries === 'JWT' ? [tries] : authStrategies;
}

/** All guards have to be content, each with any of its strategies: what a request can bring to manage that. */
function waysThrough(guards: readonly (readonly AuthStrategy[])[]): Alternative[] {
  const none: Alternative[] = [new Set()];
  const ways = guards.reduce(
    (sofar, strategies) =>
      strategies.flatMap((strategy) => sofar.map((way): Alternative => new Set([...way, strategy]))),
    none,
  );
  return ways.filter((way, index) => !ways.some((other, at) => isPointless(way, other, at < index)));
}

/** Whether one way makes another pointless: it needs less, or the same and was named before. */
function isPointless(way: Alternative, other: Alternative, isOtherFirst: boolean): boolean {
  const isWithin = [...other].every((strategy) => way.has(strategy));
  return isWithin && (other.size < way.size || isOtherFirst);
}

function requirement(way: Alternative, needsToken: boolean): SecurityRequirement {
  const hasSession = way.has('SESSION');
  return {
    ...(hasSession && { wristbandSession: [] }),
    ...(hasSession && needsToken && { wristbandCsrf: [] }),
    ...(way.has('JWT') && { wristbandBearer: [] }),
  };
}
