import { createHash, randomBytes } from 'node:crypto';
import type { Sealer } from '../crypto/sealer.js';
import { isJsonObject, isText } from '../json/json.js';

/** What one sign-in has to remember between the Login and the Callback Endpoint. */
export interface LoginState {
  readonly state: string;
  readonly codeVerifier: string;
  readonly nonce: string;
  /** As it was sent to the authorize endpoint: the token endpoint compares it byte by byte. */
  readonly redirectUri: string;
  /** The tenant that the sign-in was started for; the callback must be for the same one. */
  readonly tenantName?: string;
  readonly tenantCustomDomain?: string;
  readonly returnUrl?: string;
  readonly customState?: Readonly<Record<string, unknown>>;
}

/** Seconds in which a sign-in must be finished. */
export const LOGIN_STATE_LIFETIME = 3600;

/** Starts a login state with fresh secrets: state and nonce against forged answers, the verifier for PKCE. */
export function createLoginState(details: Omit<LoginState, 'state' | 'codeVerifier' | 'nonce'>): LoginState {
  return { state: randomText(), codeVerifier: randomText(), nonce: randomText(), ...details };
}

/** The PKCE challenge of a verifier. @see https://www.rfc-editor.org/rfc/rfc7636#section-4.2 */
export function codeChallenge(codeVerifier: string): string {
  return createHash('sha256').update(codeVerifier, 'ascii').digest('base64url');
}

export function sealLoginState(loginState: LoginState, sealer: Sealer): string {
  return sealer.seal(JSON.stringify(loginState), LOGIN_STATE_LIFETIME);
}

/** Opens a sealed login state; `undefined` when it is not ours, too old, or for another `state`. */
export function openLoginState(sealed: string, state: string, sealer: Sealer): LoginState | undefined {
  const data = sealer.open(sealed)?.data;
  return isLoginState(data) && data.state === state ? data : undefined;
}

function isLoginState(data: unknown): data is LoginState {
  if (!isJsonObject(data)) return false;
  const { state, codeVerifier, nonce, redirectUri, tenantName, tenantCustomDomain, returnUrl } = data;
  const { customState = {} } = data;
  return (
    [state, codeVerifier, nonce, redirectUri].every(isText) &&
    // Another version of this library, with the same secret, may have written something else.
    [tenantName, tenantCustomDomain, returnUrl].every((field) => field === undefined || isText(field)) &&
    typeof customState === 'object' &&
    customState !== null
  );
}

function randomText(): string {
  return randomBytes(32).toString('base64url');
}
