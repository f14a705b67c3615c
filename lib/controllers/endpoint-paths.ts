import { type ConfigProblem, WristbandConfigError } from '../errors/wristband-config.error.js';
import type { WristbandRoutes } from '../interfaces/endpoints.interface.js';

const DEFAULTS: Required<Omit<WristbandRoutes, 'path'>> = {
  login: 'login',
  callback: 'callback',
  logout: 'logout',
  session: 'session',
  token: 'token',
  backChannelLogout: false,
};

/**
 * The routes with their defaults.
 *
 * @throws {WristbandConfigError} with every mistake
 */
export function checkedRoutes(given: WristbandRoutes): Required<WristbandRoutes> {
  const problems: ConfigProblem[] = [];
  // What comes from the environment may be undefined, which means the default.
  const values = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  if (!isPath(values.path))
    problems.push({ option: 'routes.path', message: 'must be a path such as api/auth' });
  for (const [name, value] of Object.entries(values)) {
    const option = `routes.${name}`;
    if (name === 'path') continue;
    if (!Object.hasOwn(DEFAULTS, name)) {
      const names = Object.keys(DEFAULTS).join(', ');
      problems.push({ option, message: `is no endpoint; there are ${names}` });
    } else if (value !== false && !isPath(value)) {
      problems.push({ option, message: 'must be a path below routes.path, or false' });
    }
  }
  const routes = { ...DEFAULTS, ...(values as typeof given) };
  const paths = Object.keys(DEFAULTS).map((name) => routes[name as keyof typeof DEFAULTS]);
  const taken = paths.find((path, index) => typeof path === 'string' && paths.indexOf(path) !== index);
  if (taken !== undefined)
    problems.push({ option: 'routes', message: `two endpoints have the path ${taken}` });
  if (problems.length > 0) throw new WristbandConfigError(problems);
  return routes;
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && /^\/?[\w.~-]+(\/[\w.~-]+)*\/?$/.test(value);
}

/** A path without slashes at its ends. */
export function trimmedPath(path: string): string {
  return path.replace(/^\/|\/$/g, '');
}
