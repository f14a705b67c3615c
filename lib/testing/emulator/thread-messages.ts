import type { MessagePort } from 'node:worker_threads';
import type { WristbandEmulatorOptions } from './emulator-options.interface.js';
import type { WristbandEmulator } from './wristband-emulator.interface.js';

/** What the thread of an emulator starts with. */
export interface ThreadData {
  readonly options: WristbandEmulatorOptions;
  /** Over which {@link SyncCall}s come, and their {@link Result}s go. */
  readonly syncPort: MessagePort;
  /** Is 1 when the result of a synchronous call is in the port. */
  readonly done: Int32Array;
}

/** Methods of an emulator that return only when they have had their effect; `snapshot` reads what changes while it runs. */
export type SyncMethod =
  | 'clearCalls'
  | 'fail'
  | 'heal'
  | 'revokeAllGrants'
  | 'setApplication'
  | 'setSdkConfiguration'
  | 'snapshot'
  | 'tamper';

/** Methods of an emulator that return promises, and the sign-in of `signInAs()`. */
export type AsyncMethod = 'close' | 'emulateSignIn' | 'rotateKeys' | 'signLogoutToken';

/** What never changes in an emulator. */
export type EmulatorFacts = Pick<
  WristbandEmulator,
  'vanityDomain' | 'origin' | 'issuer' | 'clientId' | 'clientSecret'
>;

/** What changes while an emulator runs. */
export type EmulatorSnapshot = Pick<WristbandEmulator, 'calls' | 'tenants' | 'users'>;

export interface SyncCall {
  readonly method: SyncMethod;
  readonly args: readonly unknown[];
  /** The functions in the last argument, by their names, as numbers under which the thread calls them. */
  readonly hooks: Readonly<Record<string, number>>;
}

/** Something to do for the other side, which sends a {@link Reply} with the same id. */
export type Call<Target> = {
  readonly kind: 'call';
  readonly id: number;
  readonly target: Target;
  readonly args: readonly unknown[];
};

export interface Reply {
  readonly kind: 'reply';
  readonly id: number;
  readonly result: Result;
}

/**
 * How a call ended. Its value is JSON, because objects that another realm has made are not equal to those of a test in Jest, and
 * errors lose their class on the way.
 */
export type Result =
  { readonly json: string | undefined } | { readonly errorName: string; readonly errorMessage: string };

/** Describes how something ended. */
export function succeeded(value: unknown): Result {
  return { json: JSON.stringify(value) };
}

/** Describes how something ended. */
export function failed(error: unknown): Result {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { errorName: name, errorMessage: message };
}

/** @throws the error of the other side, as an error of this side */
export function valueOf(result: Result): unknown {
  if ('json' in result) return result.json === undefined ? undefined : JSON.parse(result.json);
  const { errorName, errorMessage } = result;
  throw errorName === 'TypeError' ? new TypeError(errorMessage) : new Error(errorMessage);
}
