/** Decorates a method of a controller and its parameters by hand, in the order TypeScript would. */
export function route(controller, method, decorators, parameters = []) {
  parameters.forEach((decorate, index) => decorate(controller.prototype, method, index));
  const descriptor = Object.getOwnPropertyDescriptor(controller.prototype, method);
  for (const decorate of decorators.toReversed()) decorate(controller.prototype, method, descriptor);
}
