import type { ExecutionContext } from '@nestjs/common';
import { WristbandException } from '../errors/wristband.exception.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';

/** Request and response of a handler that serves HTTP; anything else is refused, so guards fail closed. */
export function httpContext(context: ExecutionContext): { request: HttpRequest; response: HttpResponse } {
  if (context.getType() !== 'http') {
    throw new WristbandException('not_authenticated', 'Only HTTP handlers can be authenticated');
  }
  const http = context.switchToHttp();
  return { request: http.getRequest<HttpRequest>(), response: http.getResponse<HttpResponse>() };
}
