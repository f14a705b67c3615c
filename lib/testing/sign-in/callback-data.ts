import { toTokenData } from '../../tokens/token-data.js';
import type { ResolvedOptions } from '../../config/resolved-options.js';
import type { CallbackData } from '../../interfaces/auth-flow.interface.js';
import type { UserInfo } from '../../interfaces/user-info.interface.js';
import { parseUserInfo } from '../../wristband-api/answer-shapes.js';
import type { EmulatedSignIn } from '../emulator/running-emulators.js';
import { claimsOpenTo, userinfoClaims } from '../emulator/user-claims.js';

/** What a Callback Endpoint would be told about the sign-in of a person. */
export function callbackDataOf(
  { person: { user, tenant }, tokens }: EmulatedSignIn,
  { scopes, tokenExpirationBuffer }: Pick<ResolvedOptions, 'scopes' | 'tokenExpirationBuffer'>,
  expiresIn: number | undefined,
): CallbackData {
  const userInfo = parseUserInfo(claimsOpenTo(scopes, userinfoClaims(user, tenant))) as UserInfo;
  return {
    ...toTokenData(tokens, tokenExpirationBuffer),
    // Who says when a token expires means that, and not a while before.
    ...(expiresIn !== undefined && { expiresIn, expiresAt: Date.now() + expiresIn * 1000 }),
    idToken: tokens.idToken,
    tenantName: tenant.name,
    userInfo,
    ...(tenant.customDomain !== undefined && { tenantCustomDomain: tenant.customDomain }),
    ...(tokens.idpSessionId !== undefined && { idpSessionId: tokens.idpSessionId }),
  };
}
