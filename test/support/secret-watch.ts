/** What is shorter turns up by chance. */
const MIN_LENGTH = 16;

/** Looks for secrets in what was logged and told. */
export class SecretWatch {
  readonly #secrets = new Set<string>();
  readonly #lines = new Set<string>();

  /** @param value a token, a code, a password or the value of a cookie; all of it counts, and the last part of it */
  addSecret(value: unknown): void {
    if (typeof value !== 'string') return;
    // The signature of a JWT, the text of a sealed cookie: enough to tell that it was shortened for the log.
    for (const secret of [value, value.slice(value.lastIndexOf('.') + 1)]) {
      if (secret.length >= MIN_LENGTH) this.#secrets.add(secret);
    }
  }

  addLine(line: string): void {
    this.#lines.add(line);
  }

  get counts(): { readonly secrets: number; readonly lines: number } {
    return { secrets: this.#secrets.size, lines: this.#lines.size };
  }

  /** Forgets what there was so far. */
  clear(): void {
    this.#secrets.clear();
    this.#lines.clear();
  }

  /** The lines that hold a secret, which is blotted out. */
  leaks(): string[] {
    const all = [...this.#lines].join('\n');
    const leaked = [...this.#secrets].filter((secret) => all.includes(secret));
    return [...this.#lines]
      .filter((line) => leaked.some((secret) => line.includes(secret)))
      .map((line) => leaked.reduce((text, secret) => text.replaceAll(secret, '█'), line));
  }
}
