import { WristbandException } from '../errors/wristband.exception.js';
import { isSpeculative } from '../http/http-request.js';
import type { HttpRequest } from '../interfaces/http.interface.js';

/** @throws {WristbandException} `login_not_started` for a request that may never become a page in front of somebody */
export function assertNotSpeculative(request: HttpRequest): void {
  if (!isSpeculative(request)) return;
  throw new WristbandException(
    'login_not_started',
    'A prefetch or HEAD request neither starts nor finishes a sign-in',
  );
}

/** @throws {WristbandException} `logout_not_started` for a request that no user made on purpose */
export function assertLogoutWanted(request: HttpRequest): void {
  if (!isSpeculative(request)) return;
  throw new WristbandException('logout_not_started', 'A prefetch or HEAD request does not sign the user out');
}
