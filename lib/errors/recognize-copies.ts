/**
 * Makes `instanceof` true for the errors of every copy of this package: one process may load it as ES modules and as CommonJS,
 * and then has each class twice. Subclasses keep the usual `instanceof`.
 *
 * @param name the same in every copy
 */
export function recognizeCopies(type: abstract new (...values: never[]) => Error, name: string): void {
  const brand = Symbol.for(`nestjs-wristband:${name}`);
  Object.defineProperty(type.prototype, brand, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this === type) return (Object(value) as { [brand]?: unknown })[brand] === true;
      return Function.prototype[Symbol.hasInstance].call(this, value);
    },
  });
}
