import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import type { DynamicModule } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { describe } from 'vitest';
import type { Platform } from './test-app.js';

export interface GraphqlServer {
  readonly name: string;
  readonly platform: Platform;
  module(): DynamicModule;
}

const COMMON = { autoSchemaFile: true, fieldResolverEnhancers: ['guards' as const] };

const apollo = (config: Partial<ApolloDriverConfig> = {}): DynamicModule =>
  GraphQLModule.forRoot<ApolloDriverConfig>({
    ...COMMON,
    driver: ApolloDriver,
    graphiql: false,
    subscriptions: { 'graphql-ws': true },
    ...config,
  });

const SERVERS: readonly GraphqlServer[] = [
  { name: 'Apollo on Express', platform: 'express', module: () => apollo() },
  {
    name: 'Apollo on Express with a context of its own',
    platform: 'express',
    module: () =>
      apollo({ context: ({ req, res, extra }: Record<string, unknown>) => ({ req, res, extra }) }),
  },
  { name: 'Apollo on Fastify', platform: 'fastify', module: () => apollo() },
  {
    name: 'Mercurius on Fastify',
    platform: 'fastify',
    module: () =>
      GraphQLModule.forRoot<MercuriusDriverConfig>({
        ...COMMON,
        driver: MercuriusDriver,
        subscription: { fullWsTransport: true },
      }),
  },
];

/** Runs the same tests with every GraphQL server that Nest has a driver for. */
export function describeGraphql(title: string, tests: (server: GraphqlServer) => void): void {
  for (const server of SERVERS) describe(`${title} (${server.name})`, () => tests(server));
}
