import { Inject, Injectable, type Type } from '@nestjs/common';
import { tokenOf } from '../wristband.constants.js';

/** Where guards keep the name of their application; `undefined` is that of the one without a name. */
export const APPLICATION = Symbol('application');
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

/** The names of the applications of those guards that have one. */
export function applicationsOf(guards: readonly unknown[]): (string | undefined)[] {
  return guards
    .filter((guard) => typeof guard === 'function' && APPLICATION in guard)
    .map((guard) => (guard as { readonly [APPLICATION]?: string })[APPLICATION]);
}

function injectFrom(name: string, base: Type): Type {
  class Named extends base {
    static readonly [APPLICATION] = name;
  }
  Injectable()(Named);
  Object.defineProperty(Named, 'name', { value: `${base.name}.for('${name}')` });
  const dependencies = (Reflect.getMetadata('design:paramtypes', base) ?? []) as Type[];
  for (const [index, type] of dependencies.entries()) Inject(tokenOf(type, name))(Named, undefined, index);
  return Named;
}
