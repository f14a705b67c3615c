import { Inject, Injectable, type Type } from '@nestjs/common';
import { tokenOf } from '../wristband.constants.js';

/** Where guards keep the name of their application; `undefined` is that of the one without a name. */
export const APPLICATION = Symbol('application');
/** Marks the guards of this library and their subclasses. */
export const GUARD = Symbol('guard');
const classes = new WeakMap<Type, Map<string, Type>>();

/**
 * A class like another one, with everything injected from the Wristband application of a name. `@UseGuards()` and
 * `@UseInterceptors()` take classes, and have no room for a name.
 *
 * @returns always the same one, so that Nest makes one instance in a module
 */
export function forApplication<T extends Type>(base: T, name: string): T {
  const known = classes.get(base) ?? new Map<string, Type>();
  classes.set(base, known);
  const type = known.get(name) ?? injectFrom(name, base);
  known.set(name, type);
  return type as T;
}

/** The applications of those guards that authenticate. */
export function applicationsOf(guards: readonly unknown[]): (string | undefined)[] {
  return guards
    .map(classOf)
    .filter((type) => APPLICATION in type)
    .map((type) => (type as { readonly [APPLICATION]?: string })[APPLICATION]);
}

/** Whether a list of guards has one of this library. */
export function hasOwnGuard(guards: readonly unknown[]): boolean {
  return guards.some((guard) => GUARD in classOf(guard));
}

/** `@UseGuards()` takes classes and instances. */
function classOf(guard: unknown): object {
  return typeof guard === 'function' ? guard : (Object(guard) as object).constructor;
}

function injectFrom(name: string, base: Type): Type {
  class Named extends base {}
  // A guard that only looks at roles leaves it to others to authenticate.
  if (APPLICATION in base) Object.defineProperty(Named, APPLICATION, { value: name });
  Injectable()(Named);
  Object.defineProperty(Named, 'name', { value: `${base.name}.for('${name}')` });
  const dependencies = (Reflect.getMetadata('design:paramtypes', base) ?? []) as Type[];
  for (const [index, type] of dependencies.entries()) Inject(tokenOf(type, name))(Named, undefined, index);
  return Named;
}
