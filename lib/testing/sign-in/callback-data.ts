import { toTokenData } from '../../tokens/token-data.js';
import type { ResolvedOptions } from '../../config/resolved-options.js';
import type { CallbackData } from '../../interfaces/auth-flow.interface.js';
import type { UserInfo } from '../../interfaces/user-info.interface.js';
import { parseUserInfo } from '../../wristband-api/answer-shapes.js';
import type { EmulatorState } from '../emulator/emulator.state.js';
import { issueTokens } from '../emulator/token-issuer.js';
import { claimsOpenTo, userinfoClaims } from '../emulator/user-claims.js';
import { inventTokens } from './invented-tokens.js';
import type { Person } from './person.js';

/** What a Callback Endpoint would be told about the sign-in of a person. */
export async function callbackDataOf(
  person: Person,
  { scopes, tokenExpirationBuffer }: Pick<ResolvedOptions, 'scopes' | 'tokenExpirationBuffer'>,
  emulator: EmulatorState | undefined,
  expiresIn: number | undefined,
): Promise<CallbackData> {
  const { user, tenant } = person;
  const issued = emulator
    ? await issueTokens(emulator, user, tenant, { scopes, expiresIn })
    : await inventTokens(person, expiresIn);
  const userInfo = parseUserInfo(claimsOpenTo(scopes, userinfoClaims(user, tenant))) as UserInfo;
  return {
    ...toTokenData(issued, tokenExpirationBuffer),
    // Who says when a token expires means that, and not a while before.
    ...(expiresIn !== undefined && { expiresIn, expiresAt: Date.now() + expiresIn * 1000 }),
    idToken: issued.idToken,
    tenantName: tenant.name,
    userInfo,
    ...(tenant.customDomain !== undefined && { tenantCustomDomain: tenant.customDomain }),
    ...(issued.idpSessionId !== undefined && { idpSessionId: issued.idpSessionId }),
  };
}
