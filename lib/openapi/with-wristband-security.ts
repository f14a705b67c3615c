import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { applicationsIn } from '../applications/applications.js';
import { RouteReader } from '../routes/route-reader.js';
import { ERROR_SCHEMAS, refusal, securitySchemes } from './document-components.js';
import { type TracedDocument, traceRoutes } from './route-markers.js';
import { operationSecurity } from './security-requirements.js';

type PathItems = Record<string, Record<string, unknown>>;

/** As much of an OpenAPI document as is read and written here. */
interface Document {
  paths: PathItems;
  webhooks?: PathItems;
  components?: { schemas?: Record<string, object>; securitySchemes?: Record<string, object> };
}

const NOTHING = { security: undefined, refusals: [] } as const;

interface Operation {
  security?: Readonly<Record<string, unknown>>[];
  responses: Record<string, object>;
}

/**
 * Says in an OpenAPI document what somebody has to send to call each operation, as the guards and decorators of its handler
 * have it: `security`, the responses 401 and 403, and the schemes and the schema that these refer to. What the application
 * says itself, with `@ApiSecurity()`, `@ApiResponse()` or the `DocumentBuilder`, stays.
 *
 * Call it after `app.useGlobalGuards()`, if that is used at all.
 *
 * @param createDocument makes the document, with `@nestjs/swagger`
 * @example
 * ```ts
 * const document = () => withWristbandSecurity(app, () => SwaggerModule.createDocument(app, config));
 * SwaggerModule.setup('docs', app, document);
 * ```
 * @throws {TypeError} when `createDocument` answers a document that was made before
 */
export function withWristbandSecurity<T extends { paths: object }>(
  app: INestApplicationContext,
  createDocument: () => T,
): T {
  const applications = applicationsIn(app.get(ModulesContainer, { strict: false }));
  const routes = app.get(RouteReader, { strict: false }).routes();
  const traced = traceRoutes(
    routes.filter(({ type }) => type === 'http'),
    createDocument,
  );
  secure(traced as unknown as TracedDocument<Document>, applications);
  return traced.document;
}

function secure(
  { document, trace }: TracedDocument<Document>,
  applications: readonly ResolvedOptions[],
): void {
  const { paths, webhooks = {} } = document;
  // A webhook is a call that the application makes: what guards its handler has nothing to do with it.
  for (const { operation } of operationsOf(webhooks))
    keep(operation, trace(operation.security ?? []).security);

  const operations = operationsOf(paths).map((found) => ({
    ...found,
    ...trace(found.operation.security ?? []),
  }));
  if (operations.length > 0 && operations.every(({ route }) => !route)) {
    throw new TypeError(
      'withWristbandSecurity() needs a function that makes a new document: () => SwaggerModule.createDocument(app, config)',
    );
  }
  const schemes = new Set<string>();
  const schemas = new Set<string>();
  for (const { method, operation, route, security } of operations) {
    keep(operation, security);
    const { security: derived, refusals } =
      (route && operationSecurity(route, method, applications)) ?? NOTHING;
    if (derived && !operation.security) {
      operation.security = [...derived];
      for (const name of derived.flatMap(Object.keys)) schemes.add(name);
    }
    for (const status of refusals) operation.responses[status] ??= refusal(status);
    if (refusals.length > 0) schemas.add('WristbandError');
  }
  const known = Object.assign({}, ...applications.map(securitySchemes)) as Record<string, object>;
  addComponents(document, 'securitySchemes', known, schemes);
  addComponents(document, 'schemas', ERROR_SCHEMAS, schemas);
}

/** A path item holds other things beside its operations, such as `parameters`; only operations have responses. */
function operationsOf(items: PathItems) {
  return Object.values(items).flatMap((item) =>
    Object.entries(item).flatMap(([method, value]) =>
      isOperation(value) ? [{ method, operation: value }] : [],
    ),
  );
}

function isOperation(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null && 'responses' in value;
}

/** What the application asks for there itself, without the marks. */
function keep(operation: Operation, security: Operation['security'] & object): void {
  if (security.length > 0) operation.security = security;
  else delete operation.security;
}

/** Only those that something in the document refers to, and not in the place of the application's own. */
function addComponents(
  document: Document,
  section: 'schemas' | 'securitySchemes',
  components: Readonly<Record<string, object>>,
  used: ReadonlySet<string>,
): void {
  if (used.size === 0) return;
  const needed = Object.entries(components).filter(([name]) => used.has(name));
  document.components ??= {};
  document.components[section] = { ...Object.fromEntries(needed), ...document.components[section] };
}
