/** Guards and decorators of some handlers that do not fit together. */
export interface RouteProblem {
  /** Name of the class: a controller, a gateway or a resolver. */
  readonly controller: string;
  /** Names of its methods that this is about. */
  readonly handlers: readonly string[];
  /** What is wrong and how to put it right. */
  readonly message: string;
}

/** Thrown at start-up when handlers are less protected than they say, or cannot be called by anybody. It lists them all. */
export class WristbandRouteError extends Error {
  override readonly name = 'WristbandRouteError';

  readonly #problems: readonly RouteProblem[];

  constructor(problems: readonly RouteProblem[]) {
    const lines = problems.map(
      ({ controller, handlers, message }) =>
        `  - ${handlers.map((handler) => `${controller}.${handler}`).join(', ')}: ${message}`,
    );
    super(`Guards and decorators do not fit together:\n${lines.join('\n')}`);
    this.#problems = problems;
  }

  /** Not a property: loggers that print those would say everything twice. */
  get problems(): readonly RouteProblem[] {
    return this.#problems;
  }
}
