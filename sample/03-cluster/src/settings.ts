export interface Settings {
  readonly port: number;
  readonly workers: number;
  /** `store` keeps sessions in Redis, `cookie` in cookies. */
  readonly sessions: 'store' | 'cookie';
}

/** @throws Error that says which variable is wrong */
export function readSettings({ PORT, WORKERS, SESSIONS }: NodeJS.ProcessEnv): Settings {
  const sessions = SESSIONS || 'store';
  if (sessions !== 'store' && sessions !== 'cookie') {
    throw new Error(`SESSIONS must be "store" or "cookie", not "${sessions}".`);
  }
  return {
    port: readNumber('PORT', PORT || '3000', 65_535),
    workers: readNumber('WORKERS', WORKERS || '2', 16),
    sessions,
  };
}

function readNumber(name: string, text: string, max: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  throw new Error(`${name} must be a number from 1 to ${max}, not "${text}".`);
}
