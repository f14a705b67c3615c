import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import {
  type ArgumentMetadata,
  BadRequestException,
  type CallHandler,
  ClassSerializerInterceptor,
  type ExecutionContext,
  type NestInterceptor,
  StreamableFile,
} from '@nestjs/common';
import { APP_INTERCEPTOR, HttpAdapterHost, Reflector } from '@nestjs/core';
import { EMPTY, map, type Observable, of, tap, throwError, timeout } from 'rxjs';
import { expect } from 'vitest';
import { describeNeighbours, type Neighbour } from '../support/neighbours.js';

const mapping = (title: string, change: (value: unknown) => unknown): Neighbour => ({
  title,
  configure: (app) =>
    void app.useGlobalInterceptors({
      intercept: (_: ExecutionContext, next: CallHandler): Observable<unknown> =>
        next.handle().pipe(map(change)),
    } satisfies NestInterceptor),
});

const serializing = (strategy: 'exposeAll' | 'excludeAll'): Neighbour => ({
  title: `ClassSerializerInterceptor (${strategy})`,
  configure: (app) =>
    void app.useGlobalInterceptors(new ClassSerializerInterceptor(app.get(Reflector), { strategy })),
});

/** Responds to every GET as it did before, and never asks the handler again. */
class OwnCache implements NestInterceptor {
  readonly #known = new Map<string, unknown>();

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { method, url } = context.switchToHttp().getRequest<{ method: string; url: string }>();
    if (method !== 'GET') return next.handle();
    if (this.#known.has(url)) return of(this.#known.get(url));
    return next.handle().pipe(tap((value) => this.#known.set(url, value)));
  }
}

const replacesEndpoints = (title: string, responds: () => Observable<unknown>): Neighbour => ({
  title,
  configure: (app) =>
    void app.useGlobalInterceptors({
      intercept: (context: ExecutionContext, next: CallHandler) =>
        context.switchToHttp().getRequest<{ url: string }>().url.startsWith('/api/auth/')
          ? responds()
          : next.handle(),
    }),
});

describeNeighbours([
  mapping('an interceptor that wraps what handlers return', (data) => ({ success: true, data })),
  mapping('an interceptor that returns texts', (data) => JSON.stringify(data)),
  mapping('an interceptor that returns nothing', (data) => (typeof data === 'string' ? data : undefined)),
  {
    title: 'CacheInterceptor',
    isCached: true,
    imports: () => [CacheModule.register({ isGlobal: true })],
    providers: () => [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }],
    check: async ({ app }) => {
      const warnings = app.logs.filter((line) => line.includes('CacheInterceptor'));
      expect(warnings).toEqual([expect.stringContaining('VisitController.cart')]);
    },
  },
  {
    title: 'a cache of the application',
    isCached: true,
    configure: (app) => void app.useGlobalInterceptors(new OwnCache()),
  },
  replacesEndpoints('an interceptor that responds in the place of the handler', () => of({ cached: true })),
  replacesEndpoints('an interceptor that responds nothing', () => EMPTY),
  replacesEndpoints('an interceptor that fails', () => throwError(() => new Error('It failed'))),
  {
    title: 'an interceptor that sets headers and the status',
    configure: (app) =>
      void app.useGlobalInterceptors({
        intercept: (context: ExecutionContext, next: CallHandler) => {
          const response: object = context.switchToHttp().getResponse();
          const { httpAdapter } = app.get(HttpAdapterHost);
          httpAdapter.setHeader(response, 'Cache-Control', 'public, max-age=60');
          return next.handle();
        },
      }),
  },
  {
    title: 'a pipe that refuses every value',
    configure: (app) =>
      void app.useGlobalPipes({
        transform: (value: unknown, { type }: ArgumentMetadata) => {
          if (type === 'custom' || type === 'body') return value;
          throw new BadRequestException('refused');
        },
      }),
  },
  mapping('an interceptor that drops null and undefined', (data) => data ?? {}),
  mapping(
    'an interceptor that returns streams',
    (data) => new StreamableFile(Buffer.from(typeof data === 'string' ? data : JSON.stringify(data ?? null))),
  ),
  serializing('exposeAll'),
  serializing('excludeAll'),
  {
    title: 'an interceptor that limits the time',
    configure: (app) =>
      void app.useGlobalInterceptors({
        intercept: (_: ExecutionContext, next: CallHandler) => next.handle().pipe(timeout(30_000)),
      }),
  },
]);
