import fc from 'fast-check';
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { ClientTokenVerifier } from '../../../lib/jwt/client-token.verifier.js';
import { IdTokenVerifier, idpSessionIdOf, verifiedUser } from '../../../lib/jwt/id-token.verifier.js';
import { LogoutTokenVerifier } from '../../../lib/jwt/logout-token.verifier.js';
import { resolveOptions } from '../../../lib/config/resolved-options.js';
import type { WristbandEvents } from '../../../lib/events/wristband-events.js';
import { type UserInfo, WristbandException } from '../../../lib/index.js';
import { deepFreeze } from '../../../lib/json/json.js';
import { isJsonObject, parseJson } from '../../../lib/json/json.js';
import { checkAccessTokenClaims, checkAccessTokenHeader } from '../../../lib/jwt/access-token-rules.js';
import { AccessTokenVerifier } from '../../../lib/jwt/access-token.verifier.js';
import { bearerToken } from '../../../lib/jwt/bearer-token.js';
import { parsePublicKeys } from '../../../lib/jwt/public-keys.js';
import { RemoteKeySet } from '../../../lib/jwt/remote-key-set.js';
import { isTokenType } from '../../../lib/jwt/token-type.js';
import type { WristbandClient } from '../../../lib/wristband-api/wristband-client.js';
import { rule } from '../cases.js';
import { base64url, damaged, distorted, hostileText, json, jsonText } from '../texts.js';

const DOMAIN = 'myapp-mycompany.us.wristband.dev';
const CLIENT_ID = 'client';
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const { publicKey, privateKey } = await generateKeyPair('RS256');
const jwk: JWK = { ...(await exportJWK(publicKey)), kid: 'key-1', use: 'sig', alg: 'RS256' };

const options = resolveOptions({
  clientId: CLIENT_ID,
  clientSecret: 'a-client-secret-of-32-characters',
  wristbandApplicationVanityDomain: DOMAIN,
});
const keySet = new RemoteKeySet(
  options,
  { keySet: async () => ({ keys: [jwk] }) } as unknown as WristbandClient,
  { warn: () => undefined, emit: () => undefined } as unknown as WristbandEvents,
);
const clientTokens = new ClientTokenVerifier(options);
const accessTokens = new AccessTokenVerifier(options, keySet);
const idTokens = new IdTokenVerifier(clientTokens, keySet);
const logoutTokens = new LogoutTokenVerifier(clientTokens, keySet);

const now = Math.floor(Date.now() / 1000);
const CLAIMS = { iss: `https://${DOMAIN}`, sub: 'user-ada', iat: now, exp: now + 7200 };
const ACCESS = {
  ...CLAIMS,
  tnt_id: 'tenant-acme',
  client_id: CLIENT_ID,
  custom_claims: { a: [1] },
  roles: ['x'],
};
const ID = { ...CLAIMS, aud: CLIENT_ID, azp: CLIENT_ID, nonce: 'n', sid: 's' };
const LOGOUT = { ...CLAIMS, aud: CLIENT_ID, jti: 'j', sid: 's', events: { [EVENT]: {} } };
const HEADER = { alg: 'RS256', typ: 'JWT', kid: 'key-1' };

/** Signed with the right key, whatever is in it. */
async function signed(header: object, claims: unknown): Promise<string> {
  const content = `${base64url(header)}.${base64url(claims)}`;
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, Buffer.from(content));
  return `${content}.${Buffer.from(signature).toString('base64url')}`;
}

const good = await new SignJWT(ACCESS)
  .setProtectedHeader({ ...HEADER } as JWTHeaderParameters)
  .sign(privateKey);
const [, , signature = ''] = good.split('.');
/** Nobody signed these. */
const forged = fc.oneof(
  hostileText,
  damaged(good),
  fc
    .tuple(
      distorted({ ...HEADER, crit: ['b64'], b64: false }),
      distorted(ACCESS),
      fc.constantFrom(signature, '', 'AAAA'),
    )
    .map(([header, claims, end]) => `${base64url(header)}.${base64url(claims)}.${end}`),
  fc.array(fc.oneof(json.map(base64url), hostileText), { maxLength: 6 }).map((parts) => parts.join('.')),
);

const isRefusal = (error: unknown, code: string) =>
  error instanceof WristbandException && error.code === code && !error.message.includes('eyJ');
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isTextOrAbsent = (value: unknown) => value === undefined || value === null || typeof value === 'string';

export const jwtRules = [
  rule(
    'jwt/bearer-token',
    'answers one token of its grammar, or that there is none',
    5000,
    fc.property(
      fc.array(
        fc.oneof(
          hostileText,
          damaged(`Bearer ${good}`),
          hostileText.map((text) => `bEaReR ${text}`),
        ),
        { maxLength: 2 },
      ),
      (headers) => {
        const found = bearerToken(headers);
        return found.type === 'token'
          ? headers.length === 1 &&
              /^[\w\-.~+/]+=*$/.test(found.token) &&
              headers[0]?.endsWith(found.token) === true
          : ['absent', 'malformed'].includes(found.type);
      },
    ),
  ),
  rule(
    'jwt/access-token-rules',
    'takes no header but that of an access token',
    3000,
    fc.property(distorted({ ...HEADER, typ: 'at+jwt' }), (header) => {
      try {
        return (
          (isText(checkAccessTokenHeader(header)) || !isText(header.kid)) &&
          header.alg === 'RS256' &&
          (header.typ === undefined || /^"(application\/)?(at\+)?jwt"$/i.test(JSON.stringify(header.typ)))
        );
      } catch (error) {
        return isRefusal(error, 'invalid_token');
      }
    }),
  ),
  rule(
    'jwt/access-token-rules',
    'answers claims of the right types, or refuses the token',
    4000,
    fc.property(
      distorted(ACCESS),
      fc.constantFrom('at+jwt', 'JWT', undefined),
      fc.boolean(),
      (claims, typ, isLimited) => {
        try {
          const {
            sub,
            exp,
            tnt_id: tenant,
            client_id: client,
          } = checkAccessTokenClaims(claims, typ, {
            clockTolerance: 30,
            ...(isLimited && { allowedClientIds: [CLIENT_ID] }),
          });
          return isText(sub) && Number.isFinite(exp) && isTextOrAbsent(tenant) && isTextOrAbsent(client);
        } catch (error) {
          return isRefusal(error, 'invalid_token');
        }
      },
    ),
  ),
  rule(
    'jwt/access-token.verifier',
    'believes no token that nobody signed',
    3000,
    fc.asyncProperty(forged, async (token) => {
      const result: unknown = await accessTokens.verify(token).catch((error: unknown) => error);
      return token === good || isRefusal(result, 'invalid_token');
    }),
  ),
  rule(
    'jwt/access-token.verifier',
    'believes a signed token only with claims of the right types',
    1000,
    fc.asyncProperty(
      distorted(HEADER),
      fc.oneof({ weight: 4, arbitrary: distorted(ACCESS) }, json),
      async (header, claims) => {
        try {
          const {
            sub,
            exp,
            tnt_id: tenant,
          } = await accessTokens.verify(await signed({ ...HEADER, ...header }, claims));
          return isText(sub) && Number.isFinite(exp) && isTextOrAbsent(tenant);
        } catch (error) {
          return isRefusal(error, 'invalid_token');
        }
      },
    ),
  ),
  rule(
    'jwt/logout-token.verifier',
    'believes no token that nobody signed',
    2000,
    fc.asyncProperty(forged, async (token) =>
      isRefusal(await logoutTokens.verify(token).catch((error: unknown) => error), 'invalid_logout_token'),
    ),
  ),
  rule(
    'jwt/logout-token.verifier',
    'believes a signed token only when it says whose session is over',
    1000,
    fc.asyncProperty(
      distorted({ ...HEADER, typ: 'logout+jwt' }),
      fc.oneof({ weight: 4, arbitrary: distorted(LOGOUT) }, json),
      async (header, claims) => {
        try {
          const { jti, issuedAt, sub, sid } = await logoutTokens.verify(
            await signed({ ...HEADER, ...header }, claims),
          );
          return (
            isText(jti) &&
            Number.isFinite(issuedAt) &&
            [sub, sid].every((one) => one === undefined || isText(one)) &&
            isText(sub ?? sid)
          );
        } catch (error) {
          return isRefusal(error, 'invalid_logout_token');
        }
      },
    ),
  ),
  rule(
    'jwt/id-token.verifier',
    'believes an ID token only of this sign-in and this client',
    1000,
    fc.asyncProperty(
      distorted(HEADER),
      distorted(ID),
      distorted({ userId: 'user-ada', tenantId: 't' }),
      async (header, claims, userInfo) => {
        try {
          const verified = await idTokens.verify(await signed({ ...HEADER, ...header }, claims), 'n');
          verifiedUser(verified, userInfo as unknown as UserInfo);
          const { idpSessionId } = idpSessionIdOf(verified);
          return (
            verified.sub === userInfo.userId &&
            (idpSessionId === undefined || isText(idpSessionId)) &&
            [verified.aud].flat().includes(CLIENT_ID)
          );
        } catch (error) {
          return isRefusal(error, 'identity_not_verified');
        }
      },
    ),
  ),
  rule(
    'jwt/public-keys',
    'keeps at most so many keys of any key set',
    3000,
    fc.property(
      fc.oneof(
        json,
        fc.record({
          keys: fc.oneof(
            json,
            fc.array(fc.oneof(json, distorted(jwk as Record<string, unknown>)), { maxLength: 6 }),
          ),
        }),
      ),
      fc.integer({ min: 1, max: 3 }),
      (set, max) => {
        const { kids, size, leftOut } = parsePublicKeys(set, max);
        return kids.size <= size && size <= max && leftOut >= 0 && [...kids].every(isText);
      },
    ),
  ),
  rule(
    'jwt/public-keys',
    'makes an error of the JOSE library of a key that is none',
    1000,
    fc.asyncProperty(
      fc.array(distorted(jwk as Record<string, unknown>), { maxLength: 3 }),
      distorted(HEADER),
      async (keys, header) => {
        const { find } = parsePublicKeys(
          { keys: keys.map((key) => ({ ...key, kid: 'key-1', kty: 'RSA' })) },
          3,
        );
        const found: unknown = await Promise.resolve(
          find(header as unknown as JWTHeaderParameters, { payload: '', signature: '' }),
        ).catch((error: unknown) => error);
        return found instanceof Error || found instanceof CryptoKey;
      },
    ),
  ),
  rule(
    'jwt/token-type',
    'takes any type of a header',
    2000,
    fc.property(
      fc.oneof(json, damaged('application/logout+jwt')),
      (typ) =>
        isTokenType(typ, 'logout+jwt') ===
        (typeof typ === 'string' &&
          /^(application\/)?logout\+jwt$/i.test(typ.normalize()) &&
          !/[^ -~]/.test(typ)),
    ),
  ),
  rule(
    'json/json',
    'reads what JSON is, and nothing else',
    2500,
    fc.property(fc.oneof(json.map(jsonText), damaged(json.map(jsonText)), hostileText), (text) => {
      const parsed = parseJson(text);
      const isFrozen = !isJsonObject(parsed) || Object.isFrozen(deepFreeze(parsed));
      return isFrozen && Object.getPrototypeOf({}) === Object.prototype;
    }),
  ),
];
