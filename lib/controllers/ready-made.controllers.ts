import type { Type } from '@nestjs/common';
import type { WristbandRoutes } from '../interfaces/endpoints.interface.js';
import { SessionAuthGuard } from '../guards/session-auth.guard.js';
import { setOwner } from '../guards/route-rules.js';
import { createSessionController } from './session.controller.js';
import { createSignInController } from './sign-in.controller.js';
import { createSignOutController } from './sign-out.controller.js';

/**
 * The controllers of the ready-made endpoints: real ones, so that guards, throttlers, the global prefix and OpenAPI treat them
 * like those of the application. Their responses are sent by `EndpointGuard`.
 */
export function readyMadeControllers(routes: Required<WristbandRoutes>, name?: string): Type[] {
  const guard = name === undefined ? SessionAuthGuard : SessionAuthGuard.for(name);
  const controllers = [
    createSignInController(routes),
    createSignOutController(routes),
    createSessionController(routes, guard),
  ];
  // A global guard of another application has no say about these.
  for (const controller of controllers) setOwner(controller, name);
  return controllers;
}
