import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { handlerAuthentication } from '../strategies/authentication-binding.js';

/**
 * Injects the user's access token, for calls to other services, whichever strategy found it; `undefined` on public
 * handlers.
 */
export const AccessToken: () => ParameterDecorator = createParamDecorator(
  (_: undefined, context: ExecutionContext): string | undefined =>
    handlerAuthentication(context)?.user.accessToken,
);
