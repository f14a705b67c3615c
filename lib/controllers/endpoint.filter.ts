import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Injectable } from '@nestjs/common';
import { showToPeople } from '../auth/failure-page.js';
import { WristbandException } from '../errors/wristband.exception.js';
import { forbidCaching } from '../http/cache-headers.js';
import type { HttpRequest, HttpResponse } from '../interfaces/http.interface.js';
import { EndpointFailures } from './endpoint-failures.js';

/**
 * Nearest to the ready-made endpoints, so that Nest asks it before the filters of the application. What a guard of the
 * application refuses is left to those filters; only where they make JSON of it, people see a page.
 */
@Injectable()
@Catch()
export class EndpointFilter implements ExceptionFilter {
  constructor(private readonly failures: EndpointFailures) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const [request, response] = host.getArgs<[HttpRequest, HttpResponse]>();
    if (this.failures.isSent(request)) return;
    if (error instanceof WristbandException || isRedirect(error)) {
      void this.failures.send(request, response, error);
      return;
    }
    forbidCaching(response);
    if (error instanceof HttpException)
      showToPeople(request, response, error, this.failures.wayOn(request, error));
    // Beyond the handler, where Nest asks the filters of the application.
    throw error;
  }
}

/** What a guard of this library makes of a page that is sent to the Login Endpoint. */
function isRedirect(error: unknown): error is HttpException {
  return error instanceof HttpException && error.getStatus() === 302;
}
