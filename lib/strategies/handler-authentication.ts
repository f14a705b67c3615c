import type { ExecutionContext } from '@nestjs/common';
import { findAuthContext } from '../http/auth-context.js';
import type { Authentication } from '../interfaces/authentication.interface.js';
import { boundAuthentication } from './authentication-binding.js';

/** What the guards of a handler found out about its request; `undefined` when nobody is signed in, or nobody asked. */
export function handlerAuthentication(context: ExecutionContext): Authentication | undefined {
  const found = findAuthContext(context);
  return found && boundAuthentication(found);
}
