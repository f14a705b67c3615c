import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { authenticationOf } from '../session/request-identity.js';

/**
 * Injects the user's access token, for calls to other services, whichever strategy found it; `undefined` on public
 * handlers.
 */
export const AccessToken: () => ParameterDecorator = createParamDecorator(
  (_: undefined, context: ExecutionContext): string | undefined =>
    authenticationOf(context)?.user.accessToken,
);
