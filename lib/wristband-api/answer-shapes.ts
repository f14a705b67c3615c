import type { UserInfo, UserInfoRole } from '../interfaces/user-info.interface.js';
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

/** The token answer, or `undefined` when a part that must be there is missing or of another type. */
export function parseTokenAnswer(json: unknown): TokenAnswer | undefined {
  if (!isJsonObject(json) || !isBearer(json.token_type)) return undefined;
  const accessToken = text(json.access_token);
  const expiresIn = seconds(json.expires_in);
  if (accessToken === undefined || expiresIn === undefined) return undefined;
  return withoutAbsent({
    accessToken,
    expiresIn,
    idToken: text(json.id_token),
    refreshToken: text(json.refresh_token),
  });
}

/** Whoever does not know a type of token must not use it (RFC 6749 section 7.1). */
function isBearer(tokenType: unknown): boolean {
  return tokenType === undefined || (typeof tokenType === 'string' && tokenType.toLowerCase() === 'bearer');
}

/** The user's claims under Wristband's own names, or `undefined` when one that must be there is missing. */
export function parseUserInfo(json: unknown): UserInfo | undefined {
  if (!isJsonObject(json)) return undefined;
  const required = {
    userId: text(json.sub),
    tenantId: text(json.tnt_id),
    applicationId: text(json.app_id),
    identityProviderName: text(json.idp_name),
  };
  if (Object.values(required).includes(undefined)) return undefined;
  return withoutAbsent({ ...required, ...profileClaims(json), ...contactClaims(json) }) as UserInfo;
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
    updatedAt: Number.isFinite(json.updated_at) ? (json.updated_at as number) : undefined,
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

/** A lifetime; some servers write the number as a text. */
function seconds(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  const isLifetime = typeof number === 'number' && Number.isFinite(number) && number > 0;
  return isLifetime ? Math.min(number, MAX_SECONDS) : undefined;
}

function flag(value: unknown): boolean | undefined {
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
