import type { CookieOptions, Request } from 'express';

/** How much room the rows of tables take. */
export type Density = 'comfortable' | 'compact';

export const DENSITY_COOKIE = 'density';
const ONE_YEAR = 365 * 24 * 60 * 60 * 1000;

/** Signed, so that cookie-parser drops a value that this application did not set. */
export const DENSITY_COOKIE_OPTIONS: CookieOptions = {
  signed: true,
  httpOnly: true,
  sameSite: 'lax',
  maxAge: ONE_YEAR,
};

/** The choice of this browser. cookie-parser puts cookies whose signature is right into `req.signedCookies`. */
export function densityOf(req: Request): Density {
  const cookies = req.signedCookies as Readonly<Record<string, unknown>>;
  return toDensity(cookies[DENSITY_COOKIE]);
}

export function toDensity(value: unknown): Density {
  return value === 'compact' ? 'compact' : 'comfortable';
}
