import {
  type CallHandler,
  ClassSerializerInterceptor,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
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
  mapping('an interceptor that drops null and undefined', (data) => data ?? {}),
  serializing('exposeAll'),
  {
    title: 'an interceptor that limits the time',
    configure: (app) =>
      void app.useGlobalInterceptors({
        intercept: (_: ExecutionContext, next: CallHandler) => next.handle().pipe(timeout(30_000)),
      }),
  },
]);
