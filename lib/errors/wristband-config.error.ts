/** One mistake in the module's options. */
export interface ConfigProblem {
  /** Path of the option, for example `session.secrets`. */
  readonly option: string;
  /** What is wrong and how to put it right. */
  readonly message: string;
}

/** Thrown at start-up when the options cannot work. It lists every mistake at once, each with its option. */
export class WristbandConfigError extends Error {
  override readonly name = 'WristbandConfigError';

  readonly #problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ option, message }) => `  - ${option}: ${message}`);
    super(`The options of WristbandModule cannot work:\n${lines.join('\n')}`);
    this.#problems = problems;
  }

  /** Not a property: loggers that print those would say everything twice. */
  get problems(): readonly ConfigProblem[] {
    return this.#problems;
  }
}
