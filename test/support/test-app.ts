import type { AddressInfo } from 'node:net';
import {
  type INestApplication,
  type LoggerService,
  Module,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { describe } from 'vitest';
import {
  type WristbandEvent,
  WristbandModule,
  type WristbandModuleExtras,
  type WristbandOptions,
} from '../../lib/index.js';
import type { WristbandEmulator } from '../../lib/testing/index.js';
import { AuthController, resetAuthController } from './auth.controller.js';

export type Platform = 'express' | 'fastify';

/** Runs the same tests on both platforms. */
export function describePlatforms(title: string, tests: (platform: Platform) => void): void {
  describe.each<Platform>(['express', 'fastify'])(`${title} (%s)`, tests);
}

export interface TestAppOptions {
  readonly emulator: WristbandEmulator;
  readonly platform?: Platform;
  /** With `routes` the ready-made endpoints take the place of the README's controller. */
  readonly options?: Partial<WristbandOptions & WristbandModuleExtras>;
  readonly imports?: ModuleMetadata['imports'];
  readonly controllers?: Type[];
  readonly providers?: ModuleMetadata['providers'];
  /** Tenants have subdomains: `acme.localhost` instead of `localhost?tenant_name=acme`. */
  readonly hasSubdomains?: boolean;
  /** @default one of the platform, with its own defaults */
  readonly adapter?: AbstractHttpAdapter;
  /** Whether Nest parses bodies. @default true */
  readonly bodyParser?: boolean;
  /** @default any free port */
  readonly port?: number;
  /** Whether the platform believes what proxies say in `X-Forwarded-*`. @default false */
  readonly trustsProxies?: boolean;
  /** Called before the application listens. */
  readonly configure?: (app: INestApplication) => void | Promise<void>;
}

export interface TestApp {
  readonly app: INestApplication;
  readonly port: number;
  /** `http://localhost:port` */
  readonly origin: string;
  /** `http://acme.localhost:port` */
  tenantOrigin(tenant: string): string;
  readonly events: WristbandEvent[];
  readonly logs: string[];
  close(): Promise<void>;
}

export const SESSION_SECRET = 'a-session-secret-for-tests-of-32-or-more';

/** Options that work against an emulator over http. */
export function optionsFor(emulator: WristbandEmulator): WristbandOptions {
  return {
    clientId: emulator.clientId,
    clientSecret: emulator.clientSecret,
    wristbandApplicationVanityDomain: emulator.vanityDomain,
    dangerouslyAllowInsecureRequests: emulator.origin.startsWith('http://'),
    dangerouslyDisableSecureCookies: true,
    session: { secrets: SESSION_SECRET, secure: false },
    http: { timeout: 1500 },
  };
}

/** A real application on a real port, signed up with the emulator. */
export async function startTestApp(setup: TestAppOptions): Promise<TestApp> {
  const { emulator, platform = 'express', hasSubdomains = false } = setup;
  resetAuthController();
  const events: WristbandEvent[] = [];
  const logs: string[] = [];
  const options: WristbandOptions & WristbandModuleExtras = {
    ...optionsFor(emulator),
    logger: collect(logs),
    onEvent: (event: WristbandEvent) => void events.push(event),
    ...setup.options,
  };

  @Module({
    imports: [WristbandModule.forRoot(options), ...(setup.imports ?? [])],
    // Without sessions an application with its guards would not start.
    controllers: [
      ...(options.session && !options.routes ? [AuthController] : []),
      ...(setup.controllers ?? []),
    ],
    providers: setup.providers ?? [],
  })
  class AppModule {}

  const adapter = setup.adapter ?? newAdapter(platform, setup.trustsProxies ?? false);
  const app = await NestFactory.create<INestApplication>(AppModule, adapter, {
    logger: false,
    abortOnError: false,
    bodyParser: setup.bodyParser ?? true,
  });
  await setup.configure?.(app);
  await app.listen(setup.port ?? 0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const host = hasSubdomains ? `{tenant_name}.localhost:${port}` : `localhost:${port}`;
  emulator.setApplication({
    loginUrl: `http://${host}/api/auth/login`,
    redirectUris: [`http://${host}/api/auth/callback`],
    ...(hasSubdomains ? { rootDomain: 'localhost' } : {}),
  });
  return {
    app,
    port,
    origin: `http://localhost:${port}`,
    tenantOrigin: (tenant) => `http://${tenant}.localhost:${port}`,
    events,
    logs,
    close: () => app.close(),
  };
}

function collect(lines: string[]): LoggerService {
  const write = (message: unknown) => void lines.push(String(message));
  return { log: write, error: write, warn: write, debug: write };
}

function newAdapter(platform: Platform, trustProxy: boolean): AbstractHttpAdapter {
  if (platform === 'fastify') return new FastifyAdapter({ trustProxy });
  const adapter = new ExpressAdapter();
  adapter.set('trust proxy', trustProxy);
  return adapter;
}
