import { Controller, Get, Inject, type Type, UseGuards } from '@nestjs/common';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { Session } from '../decorators/session.decorator.js';
import { SessionIsEnough } from '../guards/route-rules.js';
import type { SessionAuthGuard } from '../guards/session-auth.guard.js';
import type { WristbandRoutes } from '../interfaces/endpoints.interface.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { At, below } from './endpoint-paths.js';

/** The Session Endpoint and the Token Endpoint of Wristband's front-end libraries. */
export function createSessionController(
  { path, session, token }: Required<WristbandRoutes>,
  guard: typeof SessionAuthGuard,
): Type {
  @Controller(below(path))
  @UseGuards(guard)
  class WristbandSessionController {
    constructor(@Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions) {}

    @At(Get, session)
    @SessionIsEnough(true)
    async session(@Session() current: Session) {
      const metadata = await this.options.hooks.sessionMetadata?.(current);
      return current.getSessionResponse({ ...metadata });
    }

    @At(Get, token)
    token(@Session() current: Session) {
      return current.getTokenResponse();
    }
  }
  return WristbandSessionController;
}
