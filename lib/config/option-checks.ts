import type { SessionStore } from '../session/stores/session-store.interface.js';
import { hasPlaceholder } from '../tenant/placeholder.js';

/** Answers what is wrong with an option's value, or `undefined` when nothing is. */
export type OptionCheck = (value: unknown) => string | undefined;

export const MIN_SECRET_LENGTH = 32;
/** A random text of that length has about 24; one key held down has one. */
const MIN_DIFFERENT_CHARACTERS = 8;
export const HOW_TO_MAKE_A_SECRET = 'Make one with: openssl rand -base64 32';
const HOST_WITH_PORT = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$|^\[::1\](:\d{1,5})?$/i;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export const text: OptionCheck = (value) =>
  typeof value === 'string' && value.trim() !== '' ? undefined : 'must be a string that is not empty';

export const flag: OptionCheck = (value) =>
  typeof value === 'boolean' ? undefined : 'must be true or false';

export const callable: OptionCheck = (value) =>
  typeof value === 'function' ? undefined : 'must be a function';

export const group: OptionCheck = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'must be an object';

/** Timers and cookies take whole numbers up to this. */
const MAX_NUMBER = 2 ** 31 - 1;

/** A whole number that is not below `min`; what is wrong otherwise includes the unit. */
export const number =
  (min: number, unit: string): OptionCheck =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= MAX_NUMBER
      ? undefined
      : `must be a whole number of ${unit}, ${min} or more (not ${shown(value)})`;

/** A number that is wrong; of everything else only what it is, for not everything can become a text. */
function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? 'a string' : typeof value;
}

export const oneOf =
  (...allowed: string[]): OptionCheck =>
  (value) =>
    typeof value === 'string' && allowed.includes(value.toLowerCase())
      ? undefined
      : `must be one of ${allowed.join(', ')}`;

export const secret: OptionCheck = (value) => {
  if (typeof value !== 'string')
    return `must be a string of at least ${MIN_SECRET_LENGTH} characters. ${HOW_TO_MAKE_A_SECRET}`;
  if (value.length < MIN_SECRET_LENGTH)
    return `has ${value.length} characters; at least ${MIN_SECRET_LENGTH} are needed. ${HOW_TO_MAKE_A_SECRET}`;
  return new Set(value).size >= MIN_DIFFERENT_CHARACTERS
    ? undefined
    : `is too easy to guess. ${HOW_TO_MAKE_A_SECRET}`;
};

/** A host with an optional port, as in `auth.example.com` or `localhost:4000`. */
export const hostWithPort: OptionCheck = (value) =>
  typeof value === 'string' && HOST_WITH_PORT.test(value) && !value.includes('..')
    ? undefined
    : 'must be a host such as myapp-mycompany.us.wristband.dev, without https:// and without a path';

export const host: OptionCheck = (value) =>
  hostWithPort(value) === undefined && !String(value).includes(':')
    ? undefined
    : 'must be a domain such as yourapp.io, without scheme, port or leading dot';

/** A cookie or header name (RFC 9110 section 5.6.2). */
export const token: OptionCheck = (value) =>
  typeof value === 'string' && TOKEN.test(value) ? undefined : 'must be a name without spaces and separators';

export const cookiePath: OptionCheck = (value) =>
  typeof value === 'string' && /^\/[\u0021-\u003a\u003c-\u007e]*$/.test(value)
    ? undefined
    : 'must be a path that begins with /';

export const cookieDomain: OptionCheck = (value) =>
  typeof value === 'string' && host(value.replace(/^\./, '')) === undefined
    ? undefined
    : 'must be a domain such as yourapp.io';

/** An absolute http(s) URL; a tenant placeholder may stand in its host. */
export const url: OptionCheck = (value) => {
  const parsed = typeof value === 'string' ? parseUrl(value) : undefined;
  if (!parsed) return 'must be a full URL such as https://yourapp.io/api/auth/…';
  return parsed.username || parsed.password || parsed.hash
    ? 'must not hold credentials or a fragment'
    : undefined;
};

export const urlWithoutPlaceholder: OptionCheck = (value) =>
  url(value) ?? (hasPlaceholder(String(value)) ? 'must not hold a tenant placeholder' : undefined);

export const origin: OptionCheck = (value) => {
  const parsed = typeof value === 'string' ? parseUrl(value) : undefined;
  const isBare = parsed && `${parsed.pathname}${parsed.search}${parsed.hash}${parsed.username}` === '/';
  return isBare ? undefined : 'must be an origin such as https://app.example.com';
};

/** Every item of a list passes the check; the first that does not is named by its place. */
export const listOf =
  (check: OptionCheck): OptionCheck =>
  (value) => {
    if (!Array.isArray(value)) return 'must be a list';
    const index = value.findIndex((item) => check(item) !== undefined);
    return index === -1 ? undefined : `item ${index} ${check(value[index])}`;
  };

/** Which strategies there are, in any order, each once. */
export const strategies: OptionCheck = (value) => {
  const isFine =
    Array.isArray(value) &&
    value.length > 0 &&
    new Set(value).size === value.length &&
    value.every((item) => item === 'SESSION' || item === 'JWT');
  return isFine ? undefined : "must be a list of 'SESSION' and 'JWT' that is not empty and names none twice";
};

/** Typed so that a new operation of stores is asked for as well. */
const STORE_OPERATIONS: Readonly<Record<keyof SessionStore, true>> = {
  read: true,
  write: true,
  touch: true,
  delete: true,
  list: true,
  lock: true,
  renewLock: true,
  unlock: true,
};

/** Something that can do what a session store can. */
export const sessionStore: OptionCheck = (value) => {
  if (group(value) !== undefined) return 'must be a session store, such as new RedisSessionStore({ client })';
  const given = value as Readonly<Record<string, unknown>>;
  if (typeof (given.evalSha ?? given.evalsha) === 'function')
    return 'is a client of Redis; wrap it: new RedisSessionStore({ client })';
  const missing = Object.keys(STORE_OPERATIONS).filter((name) => typeof given[name] !== 'function');
  if (missing.length === 0) return undefined;
  const hint = typeof given.get === 'function' && typeof given.destroy === 'function';
  return hint
    ? 'is a store of express-session; wrap it: fromExpressSessionStore(store)'
    : `is no session store: it cannot do ${missing.join(', ')}`;
};

function parseUrl(value: string): URL | undefined {
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  return parsed && /^https?:$/.test(parsed.protocol) ? parsed : undefined;
}
