import { Reflector } from '@nestjs/core';
import { applicationsOf } from '../applications/for-application.js';
import { AuthStrategiesMetadata } from '../decorators/auth-strategies.decorator.js';
import { OptionalAuthMetadata } from '../decorators/optional-auth.decorator.js';
import { PublicMetadata } from '../decorators/public.decorator.js';
import { type RequiredRoles, RolesMetadata } from '../decorators/roles.decorator.js';
import { SkipCsrfMetadata } from '../decorators/skip-csrf.decorator.js';
import type { AuthStrategy } from '../interfaces/authentication.interface.js';

/** What the decorators of a handler and of its controller say together. */
export interface RouteRules {
  readonly isPublic: boolean;
  readonly isOptional: boolean;
  readonly isCsrfSkipped: boolean;
  readonly strategies: readonly AuthStrategy[] | undefined;
  readonly roles: RequiredRoles | undefined;
  /** Of the guards that the two list. */
  readonly applications: readonly (string | undefined)[];
}

/** A class or a method that decorators are on. */
export type RouteTarget = Parameters<Reflector['get']>[1];

// A name of Nest's, which exports it from another file in each major version.
const GUARDS = '__guards__';

const reflector = new Reflector();
const known = new WeakMap<object, WeakMap<object, RouteRules>>();

/** The rules of a handler, worked out once: what it says itself beats what its controller says. */
export function routeRules(handler: RouteTarget, controller: RouteTarget): RouteRules {
  const ofHandler = known.get(handler) ?? new WeakMap<object, RouteRules>();
  const rules = ofHandler.get(controller) ?? readRules(handler, controller);
  ofHandler.set(controller, rules);
  known.set(handler, ofHandler);
  return rules;
}

function readRules(handler: RouteTarget, controller: RouteTarget): RouteRules {
  const own = read(handler);
  const inherited = read(controller);
  // Who asks for something on a handler does not mean it to be as open as the controller.
  const asksForUser = own.strategies !== undefined || own.roles !== undefined;
  const isClosed = own.isPublic === false;
  return {
    isPublic: own.isPublic ?? (asksForUser || own.isOptional ? false : (inherited.isPublic ?? false)),
    isOptional: own.isOptional ?? (asksForUser || isClosed ? false : (inherited.isOptional ?? false)),
    isCsrfSkipped: own.isCsrfSkipped ?? inherited.isCsrfSkipped ?? false,
    strategies: own.strategies ?? inherited.strategies,
    // Who writes both on one target gets 401: to let everybody pass would be the worse guess.
    roles: own.roles ?? (own.isPublic ? undefined : inherited.roles),
    applications: applicationsOf([...listedGuards(controller), ...listedGuards(handler)]),
  };
}

/** A global guard leaves routes to the guards of another application that they list. */
export function mayDecide({ applications }: RouteRules, application: string | undefined): boolean {
  return applications.length === 0 || applications.includes(application);
}

/** What `@UseGuards()` lists on a controller or a handler. */
export function listedGuards(target: RouteTarget): unknown[] {
  return (Reflect.getMetadata(GUARDS, target) as unknown[] | undefined) ?? [];
}

function read(target: RouteTarget) {
  return {
    isPublic: reflector.get(PublicMetadata, target) as boolean | undefined,
    isOptional: reflector.get(OptionalAuthMetadata, target) as boolean | undefined,
    isCsrfSkipped: reflector.get(SkipCsrfMetadata, target) as boolean | undefined,
    strategies: reflector.get(AuthStrategiesMetadata, target) as readonly AuthStrategy[] | undefined,
    roles: reflector.get(RolesMetadata, target) as RequiredRoles | undefined,
  };
}
