import type { UserInfo, UserInfoRole } from '../interfaces/user-info.interface.js';
import { decodeJwt } from 'jose/jwt/decode';
import { isJsonObject, type JsonObject } from '../json/json.js';

/** A checked answer of the token endpoint (RFC 6749 section 5.1). */
export interface TokenAnswer {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly idToken?: string;
  readonly refreshToken?: string;
}

/** What Wristband tells about the client; everything may be missing or null. */
export interface SdkConfiguration {
  readonly loginUrl?: string;
  readonly redirectUri?: string;
  readonly customApplicationLoginPageUrl?: string;
  readonly isApplicationCustomDomainActive?: boolean;
  readonly parseTenantFromRootDomain?: string;
  readonly applicationAuthorizationRequestsEnabled?: boolean;
  readonly fallbackLoginUrl?: string;
}

/** Seconds for which an access token is used when neither the response nor the token says how long it lives. */
const DEFAULT_LIFETIME = 300;

/**
 * The tokens of a response, or `undefined` when it has no access token, one of a type other than bearer, or one that has
 * expired already. A missing `expires_in` is read from the access token.
 */
export function parseTokenAnswer(json: unknown): TokenAnswer | undefined {
  if (!isJsonObject(json) || !isBearer(json.token_type)) return undefined;
  const accessToken = text(json.access_token);
  if (accessToken === undefined) return undefined;
  const expiresIn = seconds(json.expires_in) ?? lifetimeIn(accessToken) ?? DEFAULT_LIFETIME;
  if (expiresIn <= 0) return undefined;
  return withoutAbsent({
    accessToken,
    expiresIn,
    idToken: text(json.id_token),
    refreshToken: text(json.refresh_token),
  });
}

/** A client must not use a type of token that it does not know (RFC 6749 section 7.1); an unset one is a bearer token. */
function isBearer(tokenType: unknown): boolean {
  if (tokenType === undefined || tokenType === null || tokenType === '') return true;
  return typeof tokenType === 'string' && tokenType.trim().toLowerCase() === 'bearer';
}

/** Seconds that a JWT lives; `undefined` for an opaque token, and for a JWT that does not say. */
function lifetimeIn(accessToken: string): number | undefined {
  try {
    const { exp, iat } = decodeJwt(accessToken);
    if (!Number.isFinite(exp)) return undefined;
    const remaining = exp! - Date.now() / 1000;
    // The clock of this machine may be wrong; the difference of two times of Wristband is right.
    const lifetime = Number.isFinite(iat) ? exp! - iat! : remaining;
    return Math.min(remaining > 0 ? Math.min(lifetime, remaining) : lifetime, MAX_SECONDS);
  } catch {
    return undefined;
  }
}

/** User info as Wristband sent it; the ID token can complete what is missing. */
export type UserInfoAnswer = Omit<UserInfo, 'tenantId' | 'applicationId' | 'identityProviderName'> &
  Partial<Pick<UserInfo, 'tenantId' | 'applicationId' | 'identityProviderName'>>;

/** The user's claims under Wristband's own names, or `undefined` when it does not say which user. */
export function parseUserInfo(json: unknown): UserInfoAnswer | undefined {
  if (!isJsonObject(json)) return undefined;
  const userId = text(json.sub);
  if (userId === undefined) return undefined;
  const membership = {
    tenantId: text(json.tnt_id),
    applicationId: text(json.app_id),
    identityProviderName: text(json.idp_name),
  };
  return withoutAbsent({ userId, ...membership, ...profileClaims(json), ...contactClaims(json) });
}

function profileClaims(json: JsonObject) {
  return {
    fullName: text(json.name),
    givenName: text(json.given_name),
    familyName: text(json.family_name),
    middleName: text(json.middle_name),
    nickname: text(json.nickname),
    displayName: text(json.preferred_username),
    pictureUrl: text(json.picture),
    gender: text(json.gender),
    birthdate: text(json.birthdate),
    timeZone: text(json.zoneinfo),
    locale: text(json.locale),
    updatedAt: number(json.updated_at),
  };
}

function contactClaims(json: JsonObject) {
  return {
    email: text(json.email),
    emailVerified: flag(json.email_verified),
    phoneNumber: text(json.phone_number),
    phoneNumberVerified: flag(json.phone_number_verified),
    roles: Array.isArray(json.roles) ? json.roles.flatMap(parseRole) : undefined,
    customClaims: isJsonObject(json.custom_claims) ? json.custom_claims : undefined,
  };
}

function parseRole(json: unknown): UserInfoRole[] {
  if (!isJsonObject(json)) return [];
  const { id, name, display_name: displayName = json.displayName } = json;
  if (typeof id !== 'string' || typeof name !== 'string') return [];
  return [{ id, name, displayName: text(displayName) ?? name }];
}

/** The client's configuration, or `undefined` when the answer is no object. */
export function parseSdkConfiguration(json: unknown): SdkConfiguration | undefined {
  if (!isJsonObject(json)) return undefined;
  return withoutAbsent({
    loginUrl: text(json.loginUrl),
    redirectUri: text(json.redirectUri),
    customApplicationLoginPageUrl: text(json.customApplicationLoginPageUrl),
    isApplicationCustomDomainActive: flag(json.isApplicationCustomDomainActive),
    parseTenantFromRootDomain: text(json.loginUrlTenantDomainSuffix),
    applicationAuthorizationRequestsEnabled: flag(json.applicationAuthorizationRequestsEnabled),
    fallbackLoginUrl: text(json.fallbackLoginUrl),
  });
}

/** Wristband writes null or an empty text for what is not set. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The longest lifetime that is believed, about 68 years: what comes of it has to stay a date. */
const MAX_SECONDS = 2 ** 31 - 1;

function seconds(value: unknown): number | undefined {
  const lifetime = number(value);
  return lifetime === undefined ? undefined : Math.min(lifetime, MAX_SECONDS);
}

/** Some servers write numbers as text. */
function number(value: unknown): number | undefined {
  const parsed = typeof value === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value;
  return typeof parsed === 'number' && Number.isFinite(parsed) ? parsed : undefined;
}

/** Some servers write booleans as text. */
export function flag(value: unknown): boolean | undefined {
  if (value === 'true' || value === 'false') return value === 'true';
  return typeof value === 'boolean' ? value : undefined;
}

type WithoutAbsent<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

function withoutAbsent<T extends object>(record: T): WithoutAbsent<T> {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== undefined),
  ) as WithoutAbsent<T>;
}
