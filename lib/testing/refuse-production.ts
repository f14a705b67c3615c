/** @throws Error with `NODE_ENV=production`: what is for tests lets people in without asking them for a password */
export function refuseProduction(what: string): void {
  if (process.env.NODE_ENV === 'production') {
    throw new Error(`${what} is for tests and does not work with NODE_ENV=production.`);
  }
}
