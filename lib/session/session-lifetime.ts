import type { ResolvedSessionOptions } from '../config/resolved-options.js';

type Limits = Pick<ResolvedSessionOptions, 'maxAge' | 'absoluteMaxAge'>;

/** Whether a session has not come to its end, by the limits of today. */
export function isAlive(
  { issuedAt, createdAt }: { readonly issuedAt: number; readonly createdAt: number },
  { maxAge, absoluteMaxAge }: Limits,
): boolean {
  const now = Date.now() / 1000;
  const isIdle = maxAge > 0 && now >= issuedAt + maxAge;
  const isOver = absoluteMaxAge !== undefined && now >= createdAt + absoluteMaxAge;
  return !isIdle && !isOver;
}

/** Seconds from now until a session ends if no further request comes; `undefined` for a browser session without limit. */
export function remainingLifetime(
  createdAt: number,
  { maxAge, absoluteMaxAge }: Limits,
  now = Date.now(),
): number | undefined {
  const idle = maxAge > 0 ? maxAge : Infinity;
  const absolute =
    absoluteMaxAge === undefined ? Infinity : Math.ceil(createdAt + absoluteMaxAge - now / 1000);
  const lifetime = Math.min(idle, absolute);
  return lifetime === Infinity ? undefined : Math.max(lifetime, 0);
}
