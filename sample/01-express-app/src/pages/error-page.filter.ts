import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, HttpException, HttpStatus, Logger } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request, Response } from 'express';
import { WristbandException } from 'nestjs-wristband';
import { errorPage } from './error.page.js';

/** Errors as pages for people who navigate; everybody else gets Nest's JSON. */
@Catch()
export class ErrorPageFilter extends BaseExceptionFilter {
  readonly #logger = new Logger(ErrorPageFilter.name);

  override catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const req = http.getRequest<Request>();
    const res = http.getResponse<Response>();
    if (res.headersSent || req.accepts(['json', 'html']) !== 'html') {
      // oxlint-disable-next-line promise/valid-params, promise/no-promise-in-callback -- not that of a promise
      super.catch(error, host);
      return;
    }
    const exception = this.#toHttpException(error);
    if (needsSignIn(exception, req)) {
      res.redirect(`/api/auth/login?${new URLSearchParams({ return_url: req.originalUrl }).toString()}`);
    } else {
      res.status(exception.getStatus()).send(errorPage(describe(exception)));
    }
  }

  #toHttpException(error: unknown): HttpException {
    if (error instanceof HttpException) return error;
    // What Express itself throws, for example for a malformed URL.
    if (this.isHttpError(error)) return new HttpException(error.message, error.statusCode);
    this.#logger.error(error);
    return new HttpException('Please try again later.', HttpStatus.INTERNAL_SERVER_ERROR);
  }
}

/** Pages send to the sign-in. Not so the endpoints below /api, of which the sign-in itself is one: it would never end. */
function needsSignIn(exception: HttpException, req: Request): boolean {
  const isUnauthorized = exception.getStatus() === HttpStatus.UNAUTHORIZED.valueOf();
  return isUnauthorized && !req.path.startsWith('/api/');
}

function describe(exception: HttpException): { title: string; message: string; code: string } {
  const status = exception.getStatus();
  const title = status === HttpStatus.NOT_FOUND.valueOf() ? 'Not found' : 'Something went wrong';
  const code =
    exception instanceof WristbandException ? exception.code : `${status} ${STATUS_CODES[status] ?? ''}`;
  return { title, message: exception.message, code };
}
