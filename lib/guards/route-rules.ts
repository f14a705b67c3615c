import { Reflector } from '@nestjs/core';
import { applicationsOf, hasOwnGuard } from '../applications/for-application.js';
import { AuthStrategiesMetadata } from '../decorators/auth-strategies.decorator.js';
import { OptionalAuthMetadata } from '../decorators/optional-auth.decorator.js';
import { PublicMetadata } from '../decorators/public.decorator.js';
import { type RequiredRoles, RolesMetadata } from '../decorators/roles.decorator.js';
import { SkipCsrfMetadata } from '../decorators/skip-csrf.decorator.js';
import type { AuthStrategy } from '../interfaces/authentication.interface.js';

/** A handler that uses nothing but the session: trouble with the renewal of its access token does not fail it. */
export const SessionIsEnough = Reflector.createDecorator<boolean>({ key: 'wristband:session-is-enough' });

/** The rules for a handler that follow from its decorators, those of its controller and those of the base classes. */
export interface RouteRules {
  readonly isPublic: boolean;
  readonly isOptional: boolean;
  readonly isCsrfSkipped: boolean;
  readonly isSessionEnough: boolean;
  readonly strategies: readonly AuthStrategy[] | undefined;
  readonly roles: RequiredRoles | undefined;
  /** Of the guards that handler and controller list. */
  readonly applications: readonly (string | undefined)[];
  /** What stands beside `@Public()` on the same target and contradicts it. */
  readonly contradictions: readonly string[];
  /** Whether the handler overrides one that lists a guard of this library, which Nest does not call. */
  readonly dropsGuard: boolean;
}

/** A class or a method that decorators are on. */
export type RouteTarget = Parameters<Reflector['get']>[1];

/** What the decorators of one class or one method say. */
interface Level {
  readonly isPublic: boolean | undefined;
  readonly isOptional: boolean | undefined;
  readonly isCsrfSkipped: boolean | undefined;
  readonly isSessionEnough: boolean;
  readonly strategies: readonly AuthStrategy[] | undefined;
  readonly roles: RequiredRoles | undefined;
  readonly guards: readonly unknown[];
}

// A name of Nest's, which exports it from another file in each major version.
const GUARDS = '__guards__';
/** On the controllers of the endpoints: which application they belong to. */
const OWNER = Symbol('owner');

const known = new WeakMap<object, WeakMap<object, RouteRules>>();

/** The rules of a handler, computed once. */
export function routeRules(handler: RouteTarget, controller: RouteTarget): RouteRules {
  const ofHandler = known.get(handler) ?? new WeakMap<object, RouteRules>();
  const rules = ofHandler.get(controller) ?? readRules(handler, controller);
  ofHandler.set(controller, rules);
  known.set(handler, ofHandler);
  return rules;
}

/**
 * The most closed decorator wins. `@Public()`, `@OptionalAuth()` and `@SkipCsrf()` open a handler only until something that
 * is nearer to it closes it: a guard of this library, `@Roles`, `@AuthStrategies`, or the same decorator with `false`.
 * From nearest to farthest: the method, its class, the base classes. A method that overrides another one inherits what that
 * asks for, and nothing that opens it.
 */
function readRules(handler: RouteTarget, controller: RouteTarget): RouteRules {
  const own = readLevel(handler);
  const classes = classChain(controller).map(readLevel);
  const overridden = overriddenMethods(handler, controller).map(readLevel);
  const closedByBase = overridden.some(
    (level) => isClosing(level) || level.isPublic === false || level.isOptional === false,
  );
  const levels = closedByBase ? [own] : [own, ...classes];
  const open = levels.find((level) => isOpening(level) || isClosing(level) || level.isPublic === false);
  const contradictions = open?.isPublic === true ? contradictionsIn(open, open === own) : [];
  const isPublic = open?.isPublic === true && open.isOptional !== true && contradictions.length === 0;
  const asks = [own, ...overridden, ...classes];
  return {
    isPublic,
    isOptional: open?.isOptional === true,
    isCsrfSkipped: readCsrf(levels),
    isSessionEnough: own.isSessionEnough,
    strategies: asks.find(({ strategies }) => strategies)?.strategies,
    roles: isPublic ? undefined : asks.find(({ roles }) => roles)?.roles,
    applications: [
      ...applicationsOf([...listedGuards(controller), ...listedGuards(handler)]),
      ...ownersOf(controller),
    ],
    contradictions,
    dropsGuard: !isPublic && overridden.some(({ guards }) => hasOwnGuard(guards)),
  };
}

function readCsrf(levels: readonly Level[]): boolean {
  const nearest = levels.find(
    ({ isCsrfSkipped, guards }) => isCsrfSkipped !== undefined || hasOwnGuard(guards),
  );
  return nearest?.isCsrfSkipped === true;
}

function isOpening({ isPublic, isOptional }: Level): boolean {
  return isPublic === true || isOptional !== undefined;
}

/** Whether a class or a method asks for a user. */
function isClosing({ strategies, roles, guards }: Level): boolean {
  return strategies !== undefined || roles !== undefined || hasOwnGuard(guards);
}

/** Guards and strategies of a public controller are for those of its handlers that close themselves. */
function contradictionsIn({ strategies, roles }: Level, isMethod: boolean): string[] {
  return [...(roles ? ['@Roles'] : []), ...(strategies && isMethod ? ['@AuthStrategies'] : [])];
}

/** A global guard leaves routes to the guards of another application that they list. */
export function mayDecide({ applications }: RouteRules, application: string | undefined): boolean {
  return applications.length === 0 || applications.includes(application);
}

/** Leaves the handlers of a controller to the guards of one application, although they list none. */
export function setOwner(controller: object, application: string | undefined): void {
  Reflect.defineMetadata(OWNER, { application }, controller);
}

/** Whether a controller is one of the ready-made endpoints. */
export function isReadyMade(controller: object): boolean {
  return Reflect.hasMetadata(OWNER, controller);
}

function ownersOf(controller: RouteTarget): (string | undefined)[] {
  const owner = Reflect.getMetadata(OWNER, controller) as { application: string | undefined } | undefined;
  return owner ? [owner.application] : [];
}

/** What `@UseGuards()` lists on a controller or a handler, base classes included. */
export function listedGuards(target: RouteTarget): unknown[] {
  return (Reflect.getMetadata(GUARDS, target) as unknown[] | undefined) ?? [];
}

function readLevel(target: object): Level {
  const read = <T>({ KEY }: { readonly KEY: string }) => Reflect.getOwnMetadata(KEY, target) as T | undefined;
  return {
    isPublic: read(PublicMetadata),
    isOptional: read(OptionalAuthMetadata),
    isCsrfSkipped: read(SkipCsrfMetadata),
    isSessionEnough: read(SessionIsEnough) === true,
    strategies: read(AuthStrategiesMetadata),
    roles: read(RolesMetadata),
    guards: guardsAddedBy(target),
  };
}

/** `@UseGuards()` copies the list of the base class in front of its own. */
function guardsAddedBy(target: object): unknown[] {
  const own = (Reflect.getOwnMetadata(GUARDS, target) as unknown[] | undefined) ?? [];
  const base = Object.getPrototypeOf(target) as object | null;
  const inherited = base ? listedGuards(base as RouteTarget) : [];
  return own.slice(inherited.length);
}

/** A class and its base classes. */
function classChain(controller: RouteTarget): object[] {
  const chain: object[] = [];
  for (let type: unknown = controller; typeof type === 'function' && type !== Function.prototype;) {
    chain.push(type);
    type = Object.getPrototypeOf(type);
  }
  return chain;
}

/** The methods of base classes in whose place a handler is called. */
function overriddenMethods(handler: RouteTarget, controller: RouteTarget): object[] {
  const prototypes = classChain(controller).map((type) => (type as { prototype: object }).prototype);
  const at = prototypes.findIndex((prototype) => nameOf(handler, prototype) !== undefined);
  if (at < 0) return [];
  const name = nameOf(handler, prototypes[at]!)!;
  return prototypes.slice(at + 1).flatMap((prototype) => {
    const method: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
    return typeof method === 'function' ? [method] : [];
  });
}

function nameOf(handler: RouteTarget, prototype: object): PropertyKey | undefined {
  const keys = Reflect.ownKeys(prototype);
  return keys.find((key) => Object.getOwnPropertyDescriptor(prototype, key)?.value === handler);
}
