import { describe, expect, it } from 'vitest';
import { createLoginState, openLoginState } from '../../../lib/auth/login-state.js';
import { Sealer } from '../../../lib/crypto/sealer.js';

const sealer = new Sealer('login-state', ['a-secret-for-tests-with-32-characters-or-more']);
const LOGIN_STATE = createLoginState({ redirectUri: 'https://app.example/callback', tenantName: 'acme' });
const opened = (data: object) => openLoginState(sealer.seal(JSON.stringify(data)), LOGIN_STATE.state, sealer);

describe('openLoginState', () => {
  it('opens what was sealed', () => {
    expect(opened(LOGIN_STATE)).toEqual(LOGIN_STATE);
  });

  it('opens what an application without types put into it', () => {
    const state = { ...LOGIN_STATE, customState: ['a'] };
    expect(opened(state)).toEqual(state);
  });

  it.each([
    { nonce: undefined },
    { codeVerifier: 5 },
    { redirectUri: '' },
    { tenantName: {} },
    { tenantCustomDomain: null },
    { returnUrl: ['/'] },
    { customState: 'a' },
  ])('does not open one in which another version of this library wrote %j', (odd) => {
    expect(opened({ ...LOGIN_STATE, ...odd })).toBeUndefined();
  });
});
