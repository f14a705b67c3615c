import { Controller, Get, type Type, UseGuards } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Auth,
  AuthStrategies,
  OptionalAuth,
  Public,
  Roles,
  RolesGuard,
  SessionAuthGuard,
  SkipCsrf,
  WristbandRouteError,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { startTestApp } from '../support/test-app.js';

type Decorate = ClassDecorator & MethodDecorator;

const DECORATORS = {
  Public: Public(),
  'Public(false)': Public(false),
  OptionalAuth: OptionalAuth(),
  'OptionalAuth(false)': OptionalAuth(false),
  Auth: Auth(),
  Roles: Roles(['admin']),
  AuthStrategies: AuthStrategies('SESSION'),
  SessionAuthGuard: UseGuards(SessionAuthGuard),
  RolesGuard: UseGuards(RolesGuard),
  Both: UseGuards(SessionAuthGuard, RolesGuard),
  SkipCsrf: SkipCsrf(),
} satisfies Record<string, Decorate>;
type Name = keyof typeof DECORATORS;
const NAMES = Object.keys(DECORATORS) as Name[];

/** `inherited method`: the class does not override the method of its base class. */
const PLACES = ['base class', 'class', 'base method', 'method', 'inherited method'] as const;
type Place = (typeof PLACES)[number];
type Placed = readonly [Place, Name];
/** What a request without credentials gets; the application does not start with a contradiction. */
type Outcome = 'open' | 'closed' | 'does not start';

/** A controller with decorators at the places they belong to, applied in this order. */
function controllerWith(path: string, placed: readonly Placed[]): Type {
  const isInherited = placed.some(([place]) => place === 'inherited method');
  class Base {
    handler() {
      return {};
    }
  }
  class Derived extends Base {}
  if (!isInherited) {
    const handler = () => ({});
    Object.defineProperty(Derived.prototype, 'handler', {
      value: handler,
      configurable: true,
      writable: true,
    });
  }
  const own = isInherited ? Base.prototype : Derived.prototype;
  const decorate = (target: object, decorator: MethodDecorator) =>
    decorator(target, 'handler', Object.getOwnPropertyDescriptor(target, 'handler')!);
  for (const [place, name] of placed) {
    const decorator = DECORATORS[name];
    if (place === 'class') decorator(Derived);
    else if (place === 'base class') decorator(Base);
    else decorate(place === 'base method' ? Base.prototype : own, decorator);
  }
  decorate(own, Get());
  Controller(path)(Derived);
  Object.defineProperty(Derived, 'name', { value: path });
  return Derived;
}

const GUARDS: readonly Name[] = ['Auth', 'SessionAuthGuard', 'Both'];
const CLOSING: readonly Name[] = [
  ...GUARDS,
  'RolesGuard',
  'Roles',
  'AuthStrategies',
  'Public(false)',
  'OptionalAuth(false)',
];
const OPENING: readonly Name[] = ['Public', 'OptionalAuth'];

/** The rule, in other words than those of the code. */
function ruleFor(placed: readonly Placed[], isGuardedGlobally: boolean): Outcome {
  const at = (...places: Place[]) =>
    placed.filter(([place]) => places.includes(place)).map(([, name]) => name);
  const baseMethod = at('base method');
  const nearestFirst = [at('method', 'inherited method'), at('class'), at('base class')];
  const called = nearestFirst.flat();
  const isClosedByBase = baseMethod.some((name) => CLOSING.includes(name));
  const speaking = (isClosedByBase ? nearestFirst.slice(0, 1) : nearestFirst).find((names) =>
    names.some((name) => CLOSING.includes(name) || OPENING.includes(name)),
  );
  const has = (name: Name) => speaking?.includes(name) === true;
  const isMethod = speaking === nearestFirst[0];
  const hasGuard = isGuardedGlobally || called.some((name) => GUARDS.includes(name));
  // Auth() is Public(false) as well, and of one decorator twice the last one counts.
  const isPublic =
    speaking?.findLast((name) => ['Public', 'Public(false)', 'Auth'].includes(name)) === 'Public';
  if (isPublic && (has('Roles') || (isMethod && has('AuthStrategies')))) return 'does not start';
  const isOptional = speaking?.findLast((name) => name.startsWith('OptionalAuth')) === 'OptionalAuth';
  if (isPublic && !isOptional) return 'open';

  const asks = [...baseMethod, ...called];
  if (baseMethod.some((name) => [...GUARDS, 'RolesGuard'].includes(name)) && !hasGuard)
    return 'does not start';
  if (asks.includes('AuthStrategies') && !hasGuard) return 'does not start';
  if (asks.includes('Roles')) {
    // Nest calls guards in the order global, class, method.
    const order = [...at('base class'), ...at('class'), ...at('method', 'inherited method')];
    const roles = order.findIndex((name) => name === 'RolesGuard' || name === 'Both');
    if (roles < 0) return 'does not start';
    const isBefore = order[roles] === 'Both' || order.slice(0, roles).some((name) => GUARDS.includes(name));
    return isGuardedGlobally || isBefore ? 'closed' : 'does not start';
  }
  return hasGuard && !isOptional ? 'closed' : 'open';
}

const BY_HAND: readonly (readonly [Outcome, Placed, Placed])[] = [
  ['open', ['method', 'Public'], ['class', 'SessionAuthGuard']],
  ['open', ['method', 'OptionalAuth'], ['class', 'SessionAuthGuard']],
  ['open', ['method', 'Public'], ['class', 'Auth']],
  ['open', ['method', 'Public'], ['base class', 'SessionAuthGuard']],
  ['open', ['method', 'Public'], ['method', 'SessionAuthGuard']],
  ['open', ['class', 'Public'], ['class', 'SessionAuthGuard']],
  ['open', ['class', 'Public'], ['base class', 'SessionAuthGuard']],
  ['open', ['class', 'OptionalAuth'], ['base class', 'SessionAuthGuard']],
  ['open', ['class', 'Public'], ['base class', 'Both']],
  ['open', ['inherited method', 'Public'], ['class', 'SessionAuthGuard']],
  ['open', ['method', 'OptionalAuth'], ['method', 'Auth']],
  ['open', ['method', 'Public'], ['method', 'RolesGuard']],
  ['closed', ['class', 'Public'], ['method', 'SessionAuthGuard']],
  ['closed', ['class', 'Public'], ['method', 'Both']],
  ['closed', ['class', 'Public'], ['method', 'Auth']],
  ['closed', ['class', 'OptionalAuth'], ['method', 'SessionAuthGuard']],
  ['closed', ['class', 'OptionalAuth'], ['method', 'Both']],
  ['closed', ['class', 'OptionalAuth'], ['method', 'Auth']],
  ['closed', ['base class', 'Public'], ['method', 'SessionAuthGuard']],
  ['closed', ['base class', 'OptionalAuth'], ['method', 'SessionAuthGuard']],
  ['closed', ['base class', 'Public'], ['class', 'SessionAuthGuard']],
  ['closed', ['base class', 'Public'], ['class', 'Both']],
  ['closed', ['base class', 'Public'], ['class', 'Auth']],
  ['closed', ['base class', 'OptionalAuth'], ['class', 'SessionAuthGuard']],
  ['closed', ['base class', 'OptionalAuth'], ['class', 'Auth']],
  ['closed', ['base class', 'Public'], ['inherited method', 'SessionAuthGuard']],
  ['closed', ['class', 'Public'], ['inherited method', 'SessionAuthGuard']],
  ['closed', ['base class', 'SessionAuthGuard'], ['class', 'Public(false)']],
  ['closed', ['base method', 'Public'], ['class', 'SessionAuthGuard']],
  ['closed', ['base method', 'OptionalAuth'], ['class', 'SessionAuthGuard']],
  ['closed', ['base method', 'SessionAuthGuard'], ['class', 'SessionAuthGuard']],
  ['closed', ['base method', 'AuthStrategies'], ['class', 'SessionAuthGuard']],
  ['closed', ['base method', 'Roles'], ['class', 'Both']],
  ['closed', ['class', 'SkipCsrf'], ['method', 'SessionAuthGuard']],
  ['closed', ['class', 'Roles'], ['method', 'Both']],
  ['does not start', ['method', 'Public'], ['method', 'Roles']],
  ['does not start', ['method', 'Public'], ['method', 'AuthStrategies']],
  ['does not start', ['class', 'Public'], ['class', 'Roles']],
  ['does not start', ['base method', 'SessionAuthGuard'], ['class', 'Public']],
  ['does not start', ['base method', 'SessionAuthGuard'], ['class', 'SkipCsrf']],
  ['does not start', ['base method', 'Roles'], ['class', 'SessionAuthGuard']],
  ['does not start', ['class', 'Roles'], ['method', 'SessionAuthGuard']],
];

const items = PLACES.flatMap((place) => NAMES.map((name): Placed => [place, name]));
/** A class either overrides a method or inherits it. */
const fits = (placed: readonly Placed[]) => {
  const places = placed.map(([place]) => place);
  return (
    !places.includes('inherited method') ||
    !places.some((place) => place === 'method' || place === 'base method')
  );
};
const PAIRS = items
  .flatMap((first, index) => items.slice(index).map((second) => [first, second]))
  .filter(fits);

describe.each([
  ['with a global guard', true],
  ['without a global guard', false],
])('decorators that disagree, %s', (_title, isGuardedGlobally) => {
  let emulator: WristbandEmulator;
  let outcomes: Map<string, Outcome>;

  beforeAll(async () => {
    emulator = await startWristbandEmulator();
    outcomes = await outcomesOf(emulator, isGuardedGlobally);
  });
  afterAll(() => emulator.close());

  it('follow the rule, each beside each other at every place', () => {
    const wrong = PAIRS.flatMap((placed) => {
      const [actual, expected] = [outcomes.get(pathOf(placed)), ruleFor(placed, isGuardedGlobally)];
      return actual === expected ? [] : [{ placed, actual, expected }];
    });

    expect(PAIRS.length).toBeGreaterThan(900);
    expect(wrong).toEqual([]);
  });

  it.each(isGuardedGlobally ? [] : BY_HAND)('row by hand: %s for %j and %j', (expected, first, second) => {
    const placed = [first, second];
    const found = outcomes.get(pathOf(placed)) ?? outcomes.get(pathOf(placed.toReversed()));

    expect(found).toBe(expected);
  });
});

function pathOf(placed: readonly Placed[]): string {
  return `at-${placed.map(([place, name]) => `${PLACES.indexOf(place)}-${NAMES.indexOf(name)}`).join('-and-')}`;
}

/** Starts an application without the controllers that would not let it start. */
async function outcomesOf(emulator: WristbandEmulator, globalGuard: boolean): Promise<Map<string, Outcome>> {
  const controllers = new Map(
    PAIRS.map((placed) => [pathOf(placed), controllerWith(pathOf(placed), placed)]),
  );
  const start = (names: Iterable<string>) =>
    startTestApp({
      emulator,
      options: { globalGuard, routes: { path: 'api/auth' } },
      controllers: [...names].map((name) => controllers.get(name)!),
    });
  const error: unknown = await start(controllers.keys()).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WristbandRouteError);
  const refused = new Set((error as WristbandRouteError).problems.map(({ controller }) => controller));
  const outcomes = new Map<string, Outcome>([...refused].map((name) => [name, 'does not start']));
  const started = [...controllers.keys()].filter((name) => !refused.has(name));
  const app = await start(started);
  for (const name of started) {
    const { status } = await fetch(`${app.origin}/${name}`);
    outcomes.set(name, status === 200 ? 'open' : 'closed');
  }
  await app.close();
  return outcomes;
}
