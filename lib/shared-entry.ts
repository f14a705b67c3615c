import { Injectable } from '@nestjs/common';

type Format = 'module' | 'commonjs';

interface Loaded {
  /** The format that was loaded first, which serves the whole process. */
  readonly format: Format;
  /** What its entries export, by their names. */
  readonly entries: Map<string, unknown>;
}

/** Another version of this package has its own; a test compares this one with `package.json`. */
const LOADED = Symbol.for('nestjs-wristband@0.1.0');

/**
 * Gives an entry of this package the exports of the module format that the process loaded first. An application may import this
 * package as ES modules while one of its dependencies requires it as CommonJS: `instanceof`, injection by class, and everything
 * that is remembered about a request work only with one copy of each class.
 *
 * A second copy of Nest, such as `jest.resetModules()` leads to, gets a copy of its own, because classes extend those of Nest.
 *
 * @param own what the entry exports in its own format
 * @param loadOther loads the entry in the other format
 */
export function sharedEntry(name: string, format: Format, own: unknown, loadOther: () => unknown): unknown {
  const holder = globalThis as { [LOADED]?: WeakMap<object, Loaded> };
  const byNest = (holder[LOADED] ??= new WeakMap());
  const loaded = byNest.get(Injectable) ?? { format, entries: new Map<string, unknown>() };
  byNest.set(Injectable, loaded);
  if (loaded.format === format) loaded.entries.set(name, own);
  return loaded.entries.get(name) ?? loadOther();
}
