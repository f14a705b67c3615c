/** A role of a user. */
export interface UserInfoRole {
  readonly id: string;
  /** For example `app:my-app:admin`. */
  readonly name: string;
  readonly displayName: string;
}

/** Who signed in, as Wristband's userinfo endpoint tells it. What is optional depends on the scopes that were asked for. */
export interface UserInfo {
  readonly userId: string;
  readonly tenantId: string;
  /** Empty when neither user info nor ID token contains it. */
  readonly applicationId: string;
  /** Empty when neither user info nor ID token contains it. */
  readonly identityProviderName: string;
  /** Scope `profile`, like all names below up to `updatedAt`. */
  readonly fullName?: string;
  readonly givenName?: string;
  readonly familyName?: string;
  readonly middleName?: string;
  readonly nickname?: string;
  readonly displayName?: string;
  readonly pictureUrl?: string;
  readonly gender?: string;
  /** `YYYY-MM-DD`. */
  readonly birthdate?: string;
  readonly timeZone?: string;
  /** BCP 47 tag, for example `en-US`. */
  readonly locale?: string;
  /** Seconds since the epoch. */
  readonly updatedAt?: number;
  /** Scope `email`. */
  readonly email?: string;
  readonly emailVerified?: boolean;
  /** Scope `phone`; E.164. */
  readonly phoneNumber?: string;
  readonly phoneNumberVerified?: boolean;
  /** Scope `roles`. */
  readonly roles?: readonly UserInfoRole[];
  readonly customClaims?: Readonly<Record<string, unknown>>;
}
