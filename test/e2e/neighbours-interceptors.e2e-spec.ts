import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import {
  type CallHandler,
  ClassSerializerInterceptor,
  type ExecutionContext,
  type NestInterceptor,
  StreamableFile,
} from '@nestjs/common';
import { APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { map, type Observable, timeout } from 'rxjs';
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

describeNeighbours([
  {
    title: 'CacheInterceptor',
    imports: () => [CacheModule.register({ isGlobal: true })],
    providers: () => [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }],
    isCached: true,
  },
  mapping('an interceptor that wraps what handlers return', (data) => ({ success: true, data })),
  mapping('an interceptor that returns texts', (data) => JSON.stringify(data)),
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
