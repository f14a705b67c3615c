import type { HttpServer } from '@nestjs/common';

interface ExpressLike {
  readonly router?: { readonly stack?: readonly { readonly route?: { readonly path?: unknown } }[] };
}

interface FastifyLike {
  hasRoute(route: { readonly method: string; readonly url: string }): boolean;
}

/** Whether an application serves GET requests of exactly this path, global prefix included. */
export function hasRoute(adapter: HttpServer | undefined, path: string): boolean {
  const server: unknown = adapter?.getInstance();
  if (adapter?.getType?.() === 'fastify')
    return (server as FastifyLike).hasRoute({ method: 'GET', url: path });
  const routes = (server as ExpressLike | undefined)?.router?.stack ?? [];
  return routes.some(({ route }) => [route?.path].flat().includes(path));
}
