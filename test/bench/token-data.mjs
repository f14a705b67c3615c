// One key pair for all processes of a run, and access tokens like those of Wristband.
import { createPrivateKey, createPublicKey, createSign, generateKeyPairSync, randomUUID } from 'node:crypto';

export const VANITY_DOMAIN = 'bench.us.wristband.dev';
export const ISSUER = `https://${VANITY_DOMAIN}`;
const KID = 'bench-key';
const TOKENS = 1500;

// The processes of the servers inherit the environment.
process.env.BENCH_KEY ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
const privateKey = createPrivateKey(process.env.BENCH_KEY);
const publicKey = createPublicKey(privateKey);

export const PUBLIC_KEY_PEM = publicKey.export({ type: 'spki', format: 'pem' });
export const KEY_SET = {
  keys: [{ ...publicKey.export({ format: 'jwk' }), kid: KID, alg: 'RS256', use: 'sig' }],
};

let tokens;

/** All different, all good for a day. */
export function accessTokens() {
  tokens ??= Array.from({ length: TOKENS }, sign);
  return tokens;
}

function sign() {
  const now = Math.floor(Date.now() / 1000);
  const header = encode({ alg: 'RS256', typ: 'at+JWT', kid: KID });
  const payload = encode({
    iss: ISSUER,
    sub: 'user-of-the-bench',
    tnt_id: 'tenant-of-the-bench',
    client_id: 'bench',
    scope: 'openid offline_access email',
    iat: now,
    exp: now + 86_400,
    jti: randomUUID(),
  });
  const signature = createSign('RSA-SHA256').update(`${header}.${payload}`).sign(privateKey, 'base64url');
  return `${header}.${payload}.${signature}`;
}

function encode(part) {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
