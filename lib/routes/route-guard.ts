import { ModuleRef } from '@nestjs/core';
import { WristbandAuthService } from '../auth/wristband-auth.service.js';
import { applicationsOf } from '../applications/for-application.js';
import { AuthGuard } from '../guards/auth.guard.js';
import { JwtAuthGuard } from '../guards/jwt-auth.guard.js';
import { RolesGuard } from '../guards/roles.guard.js';
import { SessionAuthGuard } from '../guards/session-auth.guard.js';
import { WristbandAuthGuard } from '../guards/wristband-auth.guard.js';
import type { AuthStrategy } from '../interfaces/authentication.interface.js';
import { Authenticator } from '../strategies/authenticator.js';

/** A guard of ours that authenticates. */
export interface AuthRouteGuard {
  readonly kind: 'auth';
  /** The name of the Wristband application that it is for. */
  readonly application: string | undefined;
  /** What it tries where no `@AuthStrategies` is; `unknown` for a subclass that decides that itself. */
  readonly tries: AuthStrategy | 'options' | 'unknown';
  /** A subclass that has a last word of its own may answer 403. */
  readonly hasLastWord: boolean;
}

/** What is known of a guard without calling it. */
export type RouteGuard =
  | AuthRouteGuard
  | { readonly kind: 'roles' }
  /** It is not ours, but it may well ask one of ours. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'foreign' };

export type Class = abstract new (...args: never[]) => object;

/** Who has one of these can let our guards decide. */
const WAYS_TO_OURS: readonly Class[] = [
  AuthGuard,
  RolesGuard,
  WristbandAuthService,
  Authenticator,
  ModuleRef,
];

/** @param guard as `@UseGuards()` takes it: a class or an instance */
export function readGuard(guard: unknown): RouteGuard {
  const type = typeof guard === 'function' ? guard : Object(guard).constructor;
  if (!isClass(type)) return { kind: 'unknown' };
  if (isOrExtends(type, RolesGuard)) return { kind: 'roles' };
  if (isOrExtends(type, AuthGuard)) {
    return {
      kind: 'auth',
      application: guard instanceof AuthGuard ? guard.application : applicationsOf([type])[0],
      tries: strategyOf(type),
      hasLastWord:
        !sharesMethod(type, AuthGuard, 'authorize') || !sharesMethod(type, AuthGuard, 'canActivate'),
    };
  }
  const holdsOurs = Object.values(Object(guard)).some((value) =>
    WAYS_TO_OURS.some((way) => isInstance(value, way)),
  );
  return { kind: holdsOurs || mayAskOurs(type) ? 'unknown' : 'foreign' };
}

function strategyOf(type: Class) {
  if (isOrExtends(type, SessionAuthGuard) && sharesMethod(type, SessionAuthGuard, 'strategies'))
    return 'SESSION';
  if (isOrExtends(type, JwtAuthGuard) && sharesMethod(type, JwtAuthGuard, 'strategies')) return 'JWT';
  return sharesMethod(type, WristbandAuthGuard, 'strategies') ? 'options' : 'unknown';
}

/** Whether one of ours is among what is injected into a class, or into what is injected there. */
function mayAskOurs(type: Class, seen = new Set<Class>()): boolean {
  if (WAYS_TO_OURS.some((way) => isOrExtends(type, way))) return true;
  if (seen.has(type)) return false;
  seen.add(type);
  const injected = injectedInto(type);
  // An object literal, or a class whose arguments nobody has written down, can hold anything.
  if (!injected) return type === Object || type.length > 0;
  return injected.some((token) => isClass(token) && token !== Object && mayAskOurs(token, seen));
}

/** What Nest keeps about the constructor and the properties of a class. */
function injectedInto(type: Class): unknown[] | undefined {
  const types: unknown[] | undefined = Reflect.getMetadata('design:paramtypes', type);
  const tokens: { param: unknown }[] | undefined = Reflect.getMetadata('self:paramtypes', type);
  const properties: { type: unknown }[] | undefined = Reflect.getMetadata('self:properties_metadata', type);
  if (!types && !tokens && !properties) return undefined;
  const all = [
    ...(types ?? []),
    ...(tokens ?? []).map(({ param }) => param),
    ...(properties ?? []).map((property) => property.type),
  ];
  return all.map((token) => (isForwardReference(token) ? token.forwardRef() : token));
}

function isForwardReference(token: unknown): token is { forwardRef: () => unknown } {
  return typeof Object(token).forwardRef === 'function';
}

function sharesMethod(type: Class, base: Class, method: string): boolean {
  return Reflect.get(type.prototype, method) === Reflect.get(base.prototype, method);
}

export function isClass(type: unknown): type is Class {
  return typeof type === 'function' && typeof type.prototype === 'object';
}

function isOrExtends(type: Class, base: Class): boolean {
  return type === base || type.prototype instanceof base;
}

function isInstance(value: unknown, type: Class): boolean {
  return value instanceof type;
}
