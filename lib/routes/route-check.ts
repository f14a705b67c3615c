import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { type RouteProblem, WristbandRouteError } from '../errors/wristband-route.error.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import type { RouteGuard } from './route-guard.js';
import { routeProblems } from './route-problems.js';
import { type Route, RouteReader } from './route-reader.js';

/**
 * Does not let an application start whose handlers are less protected than they say, or cannot be called by anybody.
 *
 * Nest has made the routes before `onModuleInit`, so all guards are known here: those of `APP_GUARD`, and those of
 * `app.useGlobalGuards()`, which has no effect any later. Modules that are loaded lazily are not looked at. Guards decide by
 * themselves with every request in any case: this only says at the start what they, or their absence, would do.
 */
@Injectable()
export class RouteCheck implements OnModuleInit {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly adapterHost: HttpAdapterHost,
    private readonly reader: RouteReader,
    private readonly events: WristbandEvents,
  ) {}

  /** @throws {WristbandRouteError} */
  onModuleInit(): void {
    // A command or a worker that shares the modules of a server serves no routes and never called useGlobalGuards().
    if (!this.adapterHost.httpAdapter) return;
    const routes = this.reader.routes();
    const found = routes.flatMap((route) =>
      routeProblems(route, this.options).map((message) => ({
        controller: route.controller.name,
        handlers: [route.name],
        message,
      })),
    );
    if (found.length > 0) throw new WristbandRouteError(inOneLine(found));
    this.#warnOfCaches(routes);
  }

  /** What is personal in a response is for the handler to know, so this is no reason not to start. */
  #warnOfCaches(routes: readonly Route[]): void {
    const isOurs = (guard: RouteGuard) => guard.kind === 'auth' && guard.application === this.options.name;
    const names = routes
      .filter(({ isCachedByUrl, rules, guards }) => isCachedByUrl && !rules.isPublic && guards.some(isOurs))
      .map(({ controller, name }) => `${controller.name}.${name}`);
    if (names.length === 0) return;
    this.events.warn(
      `CacheInterceptor keeps responses by URL alone, so that one user gets the response to another: ${names.join(', ')}. Extend it with a trackBy() that returns undefined for these handlers, or that adds the user's ID to the key`,
    );
  }
}

/** What a controller does wrong for all of its handlers is said once. */
function inOneLine(problems: readonly RouteProblem[]): RouteProblem[] {
  const lines = new Map<string, RouteProblem>();
  for (const problem of problems) {
    const key = `${problem.controller} ${problem.message}`;
    const handlers = [...(lines.get(key)?.handlers ?? []), ...problem.handlers];
    lines.set(key, { ...problem, handlers });
  }
  return [...lines.values()];
}
