import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { applicationsIn } from '../../applications/applications.js';
import type { ResolvedOptions } from '../../config/resolved-options.js';
import { SessionManager } from '../../session/session.manager.js';
import { tokenOf } from '../../wristband.constants.js';
import { runningEmulators } from '../emulator/running-emulators.js';
import { refuseProduction } from '../refuse-production.js';
import { browserCookies, cookieHeader } from './browser-cookies.js';
import { callbackDataOf } from './callback-data.js';
import { inventSignIn } from './invented-sign-in.js';
import { writeNewSession } from './new-session.js';
import type { SignedInUser, SignInAsOptions } from './sign-in.interface.js';

/**
 * Signs a user in without a browser, a login page or a network: makes the session that a sign-in makes, with cookies of the
 * application's own `session` options, in its store if it has one. `hooks.onCallback` is called, with a bare request.
 *
 * With the emulator that the application is configured for in the same process, the tokens are as good as any: guards accept
 * the access token, and it is renewed when it expires. Without one they are invented: a session works for as long as they last,
 * and `JwtAuthGuard` refuses them.
 *
 * @param app the application or the testing module, as soon as it exists: it need not listen, nor be initialized
 * @param who the e-mail address of a user of the emulator who is in one tenant only, or more about the sign-in
 * @example
 * ```ts
 * const ada = await signInAs(app, { user: 'ada@example.com', tenant: 'acme' });
 * await request(app.getHttpServer()).get('/orders').set(ada.headers).expect(200);
 * ```
 * @throws TypeError for a user or a tenant that the emulator does not have; lists those that it has
 * @throws Error with `NODE_ENV=production`, without `WristbandModule`; whatever `hooks.onCallback` throws
 */
export async function signInAs(
  app: Pick<INestApplicationContext, 'get'>,
  who: string | SignInAsOptions,
): Promise<SignedInUser> {
  refuseProduction('signInAs()');
  const asked: SignInAsOptions = typeof who === 'string' ? { user: who } : who;
  const { options, sessions } = wristbandOf(app, asked.application);
  if (asked.roles && !options.scopes.includes('roles')) {
    throw new TypeError('A session has roles when the option scopes of WristbandModule contains roles.');
  }
  const { user, tenant, roles, expiresIn } = asked;
  const emulate = runningEmulators.get(options.wristbandApplicationVanityDomain) ?? inventSignIn;
  const signIn = await emulate({ user, tenant, roles, expiresIn }, options.scopes);
  const callbackData = callbackDataOf(signIn, options, expiresIn);
  const { setCookies, csrfHeader } = await writeNewSession(sessions, options, callbackData, asked.fields);
  const { accessToken, userInfo } = callbackData;
  const cookie = setCookies.length > 0 && { cookie: cookieHeader(setCookies) };
  return {
    headers: { ...cookie, ...(csrfHeader && Object.fromEntries([csrfHeader])) },
    bearer: { authorization: `Bearer ${accessToken}` },
    accessToken,
    userId: userInfo.userId,
    tenantId: userInfo.tenantId,
    cookies: (origin) => browserCookies(setCookies, origin),
  };
}

/** What is needed of the Wristband application of a name. */
function wristbandOf(
  app: Pick<INestApplicationContext, 'get'>,
  name: string | undefined,
): { readonly options: ResolvedOptions; readonly sessions: SessionManager } {
  const applications = applicationsIn(app.get(ModulesContainer, { strict: false }));
  const options = applications.find((one) => one.name === name);
  if (options) return { options, sessions: app.get(tokenOf(SessionManager, name), { strict: false }) };
  const which = name === undefined ? 'without a name' : `with the name ${name}`;
  throw new Error(`signInAs() needs an application that imports WristbandModule ${which}.`);
}
