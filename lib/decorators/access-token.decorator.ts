import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { authContext } from '../http/auth-context.js';
import { boundAuthentication } from '../strategies/authentication-binding.js';

/**
 * Injects the user's access token, for calls to other services, whichever strategy found it; `undefined` on public
 * handlers.
 *
 * @publicApi
 */
export const AccessToken: () => ParameterDecorator = createParamDecorator(
  (_: undefined, context: ExecutionContext): string | undefined =>
    boundAuthentication(authContext(context).request)?.user.accessToken,
);
