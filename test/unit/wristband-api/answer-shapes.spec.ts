import { describe, expect, it } from 'vitest';
import {
  parseSdkConfiguration,
  parseTokenAnswer,
  parseUserInfo,
} from '../../../lib/wristband-api/answer-shapes.js';

const NO_OBJECTS = [undefined, null, 'text', 5, true, [], [{}]];

describe('parseTokenAnswer', () => {
  const answer = {
    access_token: 'at',
    expires_in: 1800,
    id_token: 'it',
    refresh_token: 'rt',
    token_type: 'Bearer',
  };

  it('takes the tokens and their lifetime', () => {
    expect(parseTokenAnswer(answer)).toEqual({
      accessToken: 'at',
      expiresIn: 1800,
      idToken: 'it',
      refreshToken: 'rt',
    });
  });

  it('reads a lifetime that is written as a text of digits', () => {
    expect(parseTokenAnswer({ ...answer, expires_in: '1800' })).toMatchObject({ expiresIn: 1800 });
    // What comes of it goes into a session, as JSON.
    expect(parseTokenAnswer({ ...answer, expires_in: 1e308 })).toMatchObject({ expiresIn: 2 ** 31 - 1 });
  });

  it.each([undefined, null, '', 5, {}])('leaves out a refresh token that is %j', (refreshToken) => {
    const parsed = parseTokenAnswer({ ...answer, refresh_token: refreshToken });

    expect(parsed).toEqual({ accessToken: 'at', expiresIn: 1800, idToken: 'it' });
    expect(parsed).not.toHaveProperty('refreshToken');
  });

  it.each([undefined, null, '', 5, {}])('leaves out an ID token that is %j', (idToken) => {
    expect(parseTokenAnswer({ ...answer, id_token: idToken })).not.toHaveProperty('idToken');
  });

  it.each([undefined, null, '', 5, {}, ['at']])('refuses an access token that is %j', (accessToken) => {
    expect(parseTokenAnswer({ ...answer, access_token: accessToken })).toBeUndefined();
  });

  it.each([0, -1, '0', '-5'])('refuses a lifetime of %j', (expiresIn) => {
    expect(parseTokenAnswer({ ...answer, expires_in: expiresIn })).toBeUndefined();
  });

  describe.each([undefined, null, '', 'soon', NaN, Infinity, {}, true, [1800]])(
    'with a lifetime of %j',
    (expiresIn) => {
      const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
      const lifetimeOf = (accessToken: string) =>
        parseTokenAnswer({ ...answer, access_token: accessToken, expires_in: expiresIn })?.expiresIn;
      const now = Math.floor(Date.now() / 1000);

      it('reads it from the access token', () => {
        expect(lifetimeOf(jwt({ exp: now + 900 }))).toBeCloseTo(900, -1);
        expect(lifetimeOf(jwt({ iat: now, exp: now + 900 }))).toBeCloseTo(900, -1);
        // The clock of this machine goes wrong by an hour.
        expect(lifetimeOf(jwt({ iat: now - 3600, exp: now - 2700 }))).toBe(900);
        expect(lifetimeOf(jwt({ iat: now + 3600, exp: now + 4500 }))).toBe(900);
      });

      it('takes five minutes when the access token does not say it either', () => {
        expect(lifetimeOf('opaque')).toBe(300);
        expect(lifetimeOf(jwt({}))).toBe(300);
        expect(lifetimeOf(jwt({ exp: 'soon' }))).toBe(300);
      });

      it('refuses an access token that has expired', () => {
        expect(lifetimeOf(jwt({ exp: now - 10 }))).toBeUndefined();
      });
    },
  );

  it.each([undefined, null, '', 'bearer', 'BEARER', 'Bearer '])(
    'takes a token of the type %j',
    (tokenType) => {
      expect(parseTokenAnswer({ ...answer, token_type: tokenType })).toMatchObject({ accessToken: 'at' });
    },
  );

  it.each([5, {}, 'DPoP', 'mac', 'Bearer x'])('refuses a token of the type %j', (tokenType) => {
    expect(parseTokenAnswer({ ...answer, token_type: tokenType })).toBeUndefined();
  });

  it.each(NO_OBJECTS)('refuses the answer %j', (json) => {
    expect(parseTokenAnswer(json)).toBeUndefined();
  });
});

describe('parseUserInfo', () => {
  const required = { sub: 'user-1', tnt_id: 'tenant-1', app_id: 'app-1', idp_name: 'wristband' };

  it('names the claims as Wristband does everywhere else', () => {
    const claims = {
      ...required,
      name: 'Ada King Lovelace',
      given_name: 'Ada',
      family_name: 'Lovelace',
      middle_name: 'King',
      nickname: 'al',
      preferred_username: 'ada',
      picture: 'https://example.com/ada.png',
      gender: 'female',
      birthdate: '1815-12-10',
      zoneinfo: 'Europe/London',
      locale: 'en-GB',
      updated_at: 1_700_000_000,
      email: 'ada@example.com',
      email_verified: true,
      phone_number: '+15550100',
      phone_number_verified: false,
      roles: [{ id: 'r-1', name: 'app:demo:admin', display_name: 'Admin' }],
      custom_claims: { plan: 'gold', seats: null },
    };

    expect(parseUserInfo(claims)).toEqual({
      userId: 'user-1',
      tenantId: 'tenant-1',
      applicationId: 'app-1',
      identityProviderName: 'wristband',
      fullName: 'Ada King Lovelace',
      givenName: 'Ada',
      familyName: 'Lovelace',
      middleName: 'King',
      nickname: 'al',
      displayName: 'ada',
      pictureUrl: 'https://example.com/ada.png',
      gender: 'female',
      birthdate: '1815-12-10',
      timeZone: 'Europe/London',
      locale: 'en-GB',
      updatedAt: 1_700_000_000,
      email: 'ada@example.com',
      emailVerified: true,
      phoneNumber: '+15550100',
      phoneNumberVerified: false,
      roles: [{ id: 'r-1', name: 'app:demo:admin', displayName: 'Admin' }],
      customClaims: { plan: 'gold', seats: null },
    });
  });

  const ofOtherTypes = {
    email_verified: 'yes',
    phone_number_verified: 1,
    updated_at: 'now',
    roles: 'admin',
    custom_claims: 'gold',
  };
  const texts =
    'name given_name family_name middle_name nickname preferred_username picture gender birthdate zoneinfo locale email phone_number';
  const optional = [...texts.split(' '), ...Object.keys(ofOtherTypes)];
  it('reads booleans and numbers that are written as text', () => {
    const texts = { email_verified: 'true', phone_number_verified: 'false', updated_at: '1700000000' };

    expect(parseUserInfo({ ...required, ...texts })).toMatchObject({
      emailVerified: true,
      phoneNumberVerified: false,
      updatedAt: 1_700_000_000,
    });
  });

  const smallest = {
    userId: 'user-1',
    tenantId: 'tenant-1',
    applicationId: 'app-1',
    identityProviderName: 'wristband',
  };

  it.each(optional)('leaves out %s when it is null', (claim) => {
    const parsed = parseUserInfo({ ...required, [claim]: null });

    expect(Object.keys(parsed ?? {})).toEqual(Object.keys(smallest));
  });

  it.each(optional)('leaves out %s when it is of another type', (claim) => {
    const json = { ...required, [claim]: 5, ...(claim in ofOtherTypes && ofOtherTypes) };

    expect(parseUserInfo(json)).toStrictEqual(smallest);
  });

  it('does not take a list for custom claims', () => {
    expect(parseUserInfo({ ...required, custom_claims: ['gold'] })).toStrictEqual(smallest);
  });

  it('leaves out claims that nobody knows', () => {
    expect(parseUserInfo({ ...required, admin: true, userId: 'user-2' })).toStrictEqual(smallest);
  });

  it.each([undefined, null, '', 5, {}])('refuses an answer whose sub is %j', (sub) => {
    expect(parseUserInfo({ ...required, sub })).toBeUndefined();
  });

  it.each(
    ['tnt_id', 'app_id', 'idp_name'].flatMap((claim) =>
      [undefined, null, '', 5, {}].map((value) => ({ claim, value })),
    ),
  )('leaves out $claim when it is $value', ({ claim, value }) => {
    expect(Object.keys(parseUserInfo({ ...required, [claim]: value })!)).toHaveLength(3);
  });

  it.each(NO_OBJECTS)('refuses the answer %j', (json) => {
    expect(parseUserInfo(json)).toBeUndefined();
  });

  describe('roles', () => {
    const rolesOf = (roles: unknown) => parseUserInfo({ ...required, roles })?.roles;

    it.each([
      ['display_name', { id: '1', name: 'admin', display_name: 'Admin' }],
      ['displayName', { id: '1', name: 'admin', displayName: 'Admin' }],
    ])('reads the readable name from %s', (_title, role) => {
      expect(rolesOf([role])).toEqual([{ id: '1', name: 'admin', displayName: 'Admin' }]);
    });

    it.each([
      ['null', { id: '1', name: 'admin', display_name: null }],
      ['absent', { id: '1', name: 'admin' }],
      ['a number', { id: '1', name: 'admin', display_name: 5 }],
    ])('takes the name when the readable one is %s', (_title, role) => {
      expect(rolesOf([role])).toEqual([{ id: '1', name: 'admin', displayName: 'admin' }]);
    });

    it('drops what is no role and keeps the others', () => {
      const roles = [
        null,
        'admin',
        [],
        {},
        { id: 1, name: 'a' },
        { id: '1' },
        { name: 'a' },
        { id: '2', name: 'b' },
      ];

      expect(rolesOf(roles)).toEqual([{ id: '2', name: 'b', displayName: 'b' }]);
    });

    it('keeps an empty list: a user without roles is not a user whose roles were not asked for', () => {
      expect(rolesOf([])).toEqual([]);
    });

    it.each([null, undefined, 'admin', {}])('are absent when they are %j', (roles) => {
      expect(parseUserInfo({ ...required, roles })).not.toHaveProperty('roles');
    });
  });
});

describe('parseSdkConfiguration', () => {
  it('takes what there is to configure', () => {
    const json = {
      loginUrl: 'https://{tenant_name}.yourapp.io/login',
      redirectUri: 'https://{tenant_name}.yourapp.io/callback',
      customApplicationLoginPageUrl: 'https://yourapp.io/find',
      isApplicationCustomDomainActive: true,
      loginUrlTenantDomainSuffix: 'yourapp.io',
      applicationAuthorizationRequestsEnabled: true,
      fallbackLoginUrl: 'https://yourapp.io/login',
    };

    expect(parseSdkConfiguration(json)).toEqual({
      loginUrl: 'https://{tenant_name}.yourapp.io/login',
      redirectUri: 'https://{tenant_name}.yourapp.io/callback',
      customApplicationLoginPageUrl: 'https://yourapp.io/find',
      isApplicationCustomDomainActive: true,
      parseTenantFromRootDomain: 'yourapp.io',
      applicationAuthorizationRequestsEnabled: true,
      fallbackLoginUrl: 'https://yourapp.io/login',
    });
  });

  it('keeps a switch that is off', () => {
    expect(parseSdkConfiguration({ isApplicationCustomDomainActive: false })).toStrictEqual({
      isApplicationCustomDomainActive: false,
    });
  });

  const texts = [
    'loginUrl',
    'redirectUri',
    'customApplicationLoginPageUrl',
    'loginUrlTenantDomainSuffix',
    'fallbackLoginUrl',
  ];
  const switches = ['isApplicationCustomDomainActive', 'applicationAuthorizationRequestsEnabled'];
  const useless = [
    ...texts.flatMap((field) => [null, '', 5, {}].map((value) => ({ field, value }))),
    ...switches.flatMap((field) => [null, '', 1, 'yes'].map((value) => ({ field, value }))),
  ];

  it.each(useless)('leaves out $field when it is $value', ({ field, value }) => {
    expect(parseSdkConfiguration({ [field]: value })).toStrictEqual({});
  });

  it.each(NO_OBJECTS)('refuses the answer %j', (json) => {
    expect(parseSdkConfiguration(json)).toBeUndefined();
  });
});
