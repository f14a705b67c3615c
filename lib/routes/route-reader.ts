import { Injectable, RequestMethod } from '@nestjs/common';
import { ApplicationConfig, MetadataScanner, ModuleRef, ModulesContainer } from '@nestjs/core';
import { JwtAuthGuard } from '../guards/jwt-auth.guard.js';
import { RolesGuard } from '../guards/roles.guard.js';
import {
  isReadyMade,
  listedGuards,
  mayDecide,
  type RouteRules,
  routeRules,
  type RouteTarget,
} from '../guards/route-rules.js';
import { SessionAuthGuard } from '../guards/session-auth.guard.js';
import { WristbandAuthGuard } from '../guards/wristband-auth.guard.js';
import { cachesByUrl } from './response-cache.js';
import { type Class, isClass, readGuard, type RouteGuard } from './route-guard.js';

/** A handler of a controller, a gateway or a resolver, with all that decides who may call it. */
export interface Route {
  readonly type: 'http' | 'rpc' | 'ws' | 'graphql';
  readonly controller: Class;
  readonly handler: RouteTarget;
  readonly name: string;
  readonly rules: RouteRules;
  /** In the order in which they are asked. */
  readonly guards: readonly RouteGuard[];
  /** Whether one user may get what a cache kept of the response to another. */
  readonly isCachedByUrl: boolean;
}

// Names of metadata of Nest, which exports them from other files in each major version.
const CONTROLLER_HANDLERS = { path: 'http', 'microservices:pattern': 'rpc' } as const;
const PROVIDER_HANDLERS = { 'websockets:message_mapping': 'ws', 'graphql:resolver_type': 'graphql' } as const;

const METHOD = 'method';
const INTERCEPTORS = '__interceptors__';
/** What caches keep. */
const READING = [RequestMethod.GET, RequestMethod.ALL];

/** What is used of how Nest keeps a class, or a factory, which is no class. */
interface InstanceWrapper {
  readonly isNotMetatype: boolean;
  readonly metatype: unknown;
}

type HandlerTypes = Readonly<Record<string, Route['type']>>;

const OUR_GUARDS = [SessionAuthGuard, JwtAuthGuard, WristbandAuthGuard, RolesGuard];

/** Nest 11 leaves out gateways when it calls global guards. This method came with Nest 12. */
const ARE_GATEWAYS_GUARDED_GLOBALLY = 'getGlobalPreRequestHooks' in ApplicationConfig.prototype;

/** Reads from metadata which handlers the application has and which guards are before them. */
@Injectable()
export class RouteReader {
  readonly #scanner = new MetadataScanner();

  constructor(
    private readonly modules: ModulesContainer,
    private readonly moduleRef: ModuleRef,
  ) {}

  /** Guards of `app.useGlobalGuards()` are among those of a route once the application has got them. */
  routes(): Route[] {
    const modules = [...this.modules.values()];
    const everywhere = {
      guards: this.#globalGuards().map(readGuard),
      isCachedByUrl: this.#globalInterceptors().some(cachesByUrl),
    };
    const routesOf = (wrappers: Iterable<InstanceWrapper>, types: HandlerTypes) =>
      classesOf(wrappers).flatMap((controller) => this.#routesOf(controller, types, everywhere));
    return [
      ...routesOf(
        modules.flatMap(({ controllers }) => [...controllers.values()]),
        CONTROLLER_HANDLERS,
      ),
      ...routesOf(
        modules.flatMap(({ providers }) => [...providers.values()]),
        PROVIDER_HANDLERS,
      ),
    ];
  }

  #routesOf(
    controller: Class,
    types: HandlerTypes,
    everywhere: Pick<Route, 'guards' | 'isCachedByUrl'>,
  ): Route[] {
    const prototype: object = controller.prototype;
    return this.#scanner.getAllMethodNames(prototype).flatMap((name): Route[] => {
      const handler = Reflect.get(prototype, name) as RouteTarget;
      const mark = Object.keys(types).find((key) => Reflect.hasMetadata(key, handler));
      const type = mark === undefined ? undefined : types[mark];
      if (type === undefined) return [];
      const rules = routeRules(handler, controller);
      const own = [...listedGuards(controller), ...listedGuards(handler)].map(readGuard);
      const isGuardedGlobally = type !== 'ws' || ARE_GATEWAYS_GUARDED_GLOBALLY;
      const isAsked = (guard: RouteGuard) => guard.kind !== 'auth' || mayDecide(rules, guard.application);
      const guards = isGuardedGlobally ? [...everywhere.guards.filter(isAsked), ...own] : own;
      const isRead =
        type === 'http' && READING.includes(Reflect.getMetadata(METHOD, handler) as RequestMethod);
      const isCachedByUrl =
        isRead &&
        !isReadyMade(controller) &&
        (everywhere.isCachedByUrl || [controller, handler].some(hasCacheByUrl));
      return [{ type, controller, handler, name, rules, guards, isCachedByUrl }];
    });
  }

  get #config(): ApplicationConfig | undefined {
    const { container } = this.moduleRef as unknown as {
      readonly container?: { readonly applicationConfig?: ApplicationConfig };
    };
    return container?.applicationConfig;
  }

  #globalInterceptors(): unknown[] {
    const scoped = this.#config?.getGlobalRequestInterceptors().map(({ metatype }) => metatype) ?? [];
    return [...(this.#config?.getGlobalInterceptors() ?? []), ...scoped];
  }

  /** Those of `APP_GUARD` and those of `app.useGlobalGuards()`, which no module knows. */
  #globalGuards(): unknown[] {
    const config = this.#config;
    // Nothing is certain then: an empty object is read as a guard that may do anything.
    if (!config) return [{}];
    const scoped = config.getGlobalRequestGuards().map(({ metatype }) => metatype ?? {});
    return [...config.getGlobalGuards().map((guard) => this.#declared(guard)), ...scoped];
  }

  /** A test may put something else in the place of one of our guards: it is read as the guard that it stands for. */
  #declared(guard: unknown): unknown {
    const modules = [...this.modules.values()];
    const replaced = OUR_GUARDS.find((type) =>
      modules.some(({ providers }) => providers.get(type)?.instance === guard),
    );
    return replaced ?? guard;
  }
}

function hasCacheByUrl(target: object): boolean {
  const listed = (Reflect.getMetadata(INTERCEPTORS, target) as unknown[] | undefined) ?? [];
  return listed.some(cachesByUrl);
}

/** Each class once, however many modules have it. */
function classesOf(wrappers: Iterable<InstanceWrapper>): Class[] {
  const classes = [...wrappers].filter(({ isNotMetatype }) => !isNotMetatype).map(({ metatype }) => metatype);
  return [...new Set(classes)].filter(isClass);
}
