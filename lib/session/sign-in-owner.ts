import { WristbandException } from '../errors/wristband.exception.js';
import type { CallbackData } from '../interfaces/auth-flow.interface.js';

const owners = new WeakMap<CallbackData, string | undefined>();

/** Records which Wristband application a sign-in belongs to; `undefined` is the one without a name. */
export function setSignInOwner(callbackData: CallbackData, application: string | undefined): void {
  owners.set(callbackData, application);
}

/**
 * Keeps the users of one application out of the sessions of another one.
 *
 * @throws {WristbandException} `invalid_argument`
 */
export function assertSignInOf(application: string | undefined, callbackData: CallbackData): void {
  if (!owners.has(callbackData) || owners.get(callbackData) === application) return;
  const name = (one: string | undefined) =>
    one === undefined ? 'the application without a name' : `"${one}"`;
  const message = `The sign-in belongs to ${name(owners.get(callbackData))}, the session to ${name(application)}: list the guard or the interceptor of the same application on both`;
  throw new WristbandException('invalid_argument', message);
}
