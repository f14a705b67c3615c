import { WristbandException } from '../errors/wristband.exception.js';
import { deepFreeze } from '../json/json.js';
import type { SessionMethods } from '../interfaces/session.interface.js';
import type { WristbandSession } from './session.js';

const CHANGING: ReadonlySet<PropertyKey> = new Set<keyof SessionMethods<object>>([
  'set',
  'delete',
  'fromCallback',
  'save',
  'update',
  'clear',
  'destroy',
]);

/** A session where no cookie can be set: whoever changes it is told so, instead of losing the change. */
export function readOnlyCopy(session: WristbandSession): WristbandSession {
  for (const [, value] of session) if (typeof value === 'object' && value !== null) deepFreeze(value);
  return new Proxy(session, HANDLER);
}

const HANDLER: ProxyHandler<WristbandSession> = {
  get(session, name) {
    // The session itself is `this`: a proxy has no private fields.
    const value: unknown = Reflect.get(session, name, session);
    if (typeof value !== 'function') return value;
    return CHANGING.has(name) ? refuse : value.bind(session);
  },
  set: refuse,
  defineProperty: refuse,
  deleteProperty: refuse,
  preventExtensions: refuse,
  setPrototypeOf: refuse,
};

function refuse(): never {
  throw new WristbandException(
    'session_read_only',
    'The session cannot be changed here, because a socket cannot set cookies: change it in an HTTP request',
  );
}
