import type { ResolvedOptions } from '../config/resolved-options.js';
import type { AuthStrategy } from '../interfaces/authentication.interface.js';
import type { AuthRouteGuard, RouteGuard } from './route-guard.js';
import type { Route } from './route-reader.js';

type SessionOptions = Pick<ResolvedOptions, 'name' | 'session' | 'authStrategies'>;

/**
 * What is wrong with the protection of a route, and how to put it right. Nothing is said about guards that are missing
 * when there is a guard that may ask ours: it may be them.
 */
export function routeProblems(route: Route, options: SessionOptions): string[] {
  const { isPublic, contradictions, dropsGuard } = route.rules;
  if (contradictions.length > 0) return contradictions.map(contradiction);
  if (isPublic) return [];
  const guards = route.guards.filter((guard) => guard.kind === 'auth');
  return [
    ...(dropsGuard && guards.length === 0 && !hasUnknown(route.guards) ? [DROPPED_GUARD] : []),
    ...strategyProblems(route, guards),
    ...sessionProblems(
      route,
      guards.filter(({ application }) => application === options.name),
      options,
    ),
    ...rolesProblems(route),
  ];
}

const DROPPED_GUARD =
  'overrides a method with a guard, which Nest does not call for it, so everybody may call it: repeat @UseGuards here, or make it @Public()';

function contradiction(other: string): string {
  return `@Public, for everybody, together with ${other}, for some: remove one of both`;
}

function strategyProblems({ type, rules, guards: all }: Route, guards: readonly AuthRouteGuard[]): string[] {
  const { strategies } = rules;
  if (!strategies || hasUnknown(all)) return [];
  const given = `@AuthStrategies(${strategies.map((strategy) => `'${strategy}'`).join(', ')})`;
  if (guards.length === 0) {
    return [
      `${given} without a guard that looks at it, so everybody may call it: add @UseGuards(WristbandAuthGuard)${type === 'ws' ? '' : ', or set globalGuard: true'}`,
    ];
  }
  const missing = strategies.filter(
    (strategy) => !guards.some(({ tries }) => tries === strategy || !isStrategy(tries)),
  );
  return missing.map(
    (strategy) =>
      `${given} without ${GUARD_OF[strategy]}: add it to @UseGuards, or list WristbandAuthGuard in place of all`,
  );
}

function sessionProblems(
  { rules }: Route,
  guards: readonly AuthRouteGuard[],
  { session, authStrategies }: SessionOptions,
): string[] {
  if (session) return [];
  const tried = guards.flatMap(({ tries }): readonly AuthStrategy[] => {
    if (rules.strategies) return rules.strategies;
    if (tries === 'options') return authStrategies;
    return tries === 'unknown' ? [] : [tries];
  });
  return tried.includes('SESSION')
    ? [
        "needs a session, but session.secrets is not set: set it, or take JwtAuthGuard, @AuthStrategies('JWT') or authStrategies: ['JWT']",
      ]
    : [];
}

function rolesProblems({ rules, guards, type }: Route): string[] {
  if (!rules.roles) return [];
  const index = guards.findIndex(({ kind }) => kind === 'roles');
  if (index < 0) {
    return hasUnknown(guards)
      ? []
      : [
          '@Roles without RolesGuard, so nobody looks at the roles: add RolesGuard to @UseGuards, after the guard that authenticates',
        ];
  }
  const isAuthenticated = guards.slice(0, index).some(({ kind }) => kind === 'auth' || kind === 'unknown');
  // A gateway may ask who comes when the socket is opened: RolesGuard then asks again with every message.
  if (isAuthenticated || type === 'ws') return [];
  return guards.some(({ kind }) => kind === 'auth')
    ? [
        'RolesGuard is asked before the guard that authenticates, so nobody may call it: list it after that one (the order is global, controller, handler; of global guards those of the root module come first)',
      ]
    : [
        'RolesGuard without a guard that authenticates, so nobody may call it: list one before it, for example @UseGuards(WristbandAuthGuard, RolesGuard)',
      ];
}

const GUARD_OF = { SESSION: 'SessionAuthGuard', JWT: 'JwtAuthGuard' } as const;

function isStrategy(tries: AuthRouteGuard['tries']): tries is AuthStrategy {
  return tries in GUARD_OF;
}

function hasUnknown(guards: readonly RouteGuard[]): boolean {
  return guards.some(({ kind }) => kind === 'unknown');
}
