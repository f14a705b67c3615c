import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type ApplicationConfig, HttpAdapterHost, ModuleRef } from '@nestjs/core';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { WristbandEvents } from '../events/wristband-events.js';
import { hasRoute } from '../http/server-routes.js';
import { fillPlaceholder } from '../tenant/placeholder.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { trimmedPath } from './endpoint-paths.js';

/**
 * Logs at the start when the URLs that Wristband knows lead to no endpoint, mostly because the global prefix is in
 * `routes.path` as well. It is no error: a proxy may change the path.
 */
@Injectable()
export class EndpointCheck implements OnApplicationBootstrap {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly adapterHost: HttpAdapterHost,
    private readonly moduleRef: ModuleRef,
    private readonly events: WristbandEvents,
  ) {}

  onApplicationBootstrap(): void {
    const { routes, loginUrl, redirectUri } = this.options;
    if (!routes || !this.adapterHost.httpAdapter) return;
    this.#check('loginUrl', loginUrl, 'login', routes.login);
    this.#check('redirectUri', redirectUri, 'callback', routes.callback);
  }

  #check(option: string, url: string | undefined, name: 'login' | 'callback', path: string | false): void {
    if (url === undefined || path === false) return;
    const expected = new URL(fillPlaceholder(url, 'tenant')).pathname.replace(/\/$/, '');
    // A proxy may have cut off the beginning.
    const starts = [...expected.matchAll(/\//g)].map(({ index }) => expected.slice(index));
    if (starts.some((one) => hasRoute(this.adapterHost.httpAdapter, one))) return;
    const prefix = trimmedPath(this.#globalPrefix());
    const folder = trimmedPath(this.options.routes?.path ?? '');
    const own = `/${[prefix, folder, trimmedPath(path)].filter((part) => part !== '').join('/')}`;
    const isServed = hasRoute(this.adapterHost.httpAdapter, own);
    const isDoubled = prefix !== '' && `${folder}/`.startsWith(`${prefix}/`);
    const shorter = isDoubled ? folder.slice(prefix.length + 1) : '';
    const fix =
      shorter === ''
        ? `Make ${option} and routes.path (with the global prefix) fit together`
        : `The global prefix ${prefix} comes before routes.path: set that to ${shorter}`;
    this.events.warn(
      `${option} leads to ${expected}, which no route of the application serves; routes.${name} is ${isServed ? `at ${own}` : 'elsewhere'}. ${fix}, unless a proxy in front changes the path`,
    );
  }

  #globalPrefix(): string {
    const { container } = this.moduleRef as unknown as {
      readonly container?: { readonly applicationConfig?: ApplicationConfig };
    };
    return container?.applicationConfig?.getGlobalPrefix() ?? '';
  }
}
