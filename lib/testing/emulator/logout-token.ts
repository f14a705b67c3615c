import { randomUUID } from 'node:crypto';
import type { EmulatorJson } from './emulator-fault.interface.js';
import type { EmulatorCore } from './emulator.state.js';
import type { LogoutTokenOptions } from './wristband-emulator.interface.js';

/** Seconds that the specification recommends. */
const LIFETIME = 120;

/** Signs a logout token with the usual claims under those given (OpenID Connect Back-Channel Logout 1.0 section 2.4). */
export function signLogoutToken(
  { origin, clientId, keys }: EmulatorCore,
  claims: EmulatorJson,
  { typ = 'logout+jwt', key }: LogoutTokenOptions = {},
): Promise<string> {
  const issuedAt = Math.floor(Date.now() / 1000);
  const usual = {
    iss: origin,
    aud: clientId,
    iat: issuedAt,
    exp: issuedAt + LIFETIME,
    jti: randomUUID(),
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  };
  return keys.sign({ ...usual, ...claims }, { typ, foreign: key === 'foreign' });
}
