// What every variant keeps in its session: about 1.2 kB of JSON, as after a real sign-in.
import { randomBytes } from 'node:crypto';

export const BENCH_SECRET = randomBytes(32).toString('hex');

const accessToken = `eyJhbGciOiJSUzI1NiJ9.${randomBytes(420).toString('base64url')}`;
const expiresAt = Date.now() + 24 * 3600 * 1000;

export const callbackData = {
  accessToken,
  expiresAt,
  refreshToken: randomBytes(32).toString('base64url'),
  tenantName: 'acme',
  userInfo: {
    userId: randomBytes(13).toString('hex'),
    tenantId: randomBytes(13).toString('hex'),
    identityProviderName: 'wristband',
  },
};

export const sessionFields = {
  isAuthenticated: true,
  accessToken,
  expiresAt,
  refreshToken: callbackData.refreshToken,
  tenantName: callbackData.tenantName,
  ...callbackData.userInfo,
  note: randomBytes(140).toString('base64url'),
};
