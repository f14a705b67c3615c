/** What the written files depend on. */
export interface Style {
  /** `.js` where imports of files need it. */
  readonly extension: '.js' | '';
  readonly runner: 'vitest' | 'jest' | undefined;
  readonly platform: 'express' | 'fastify';
  /** What `main.ts` puts before every path: empty, or for example `/api`. */
  readonly prefix: string;
  /** The class of the root module, and where it is for the test. */
  readonly rootModule: { readonly name: string; readonly from: string };
}

/** Where the endpoints are, below the global prefix. */
export function routesPath({ prefix }: Style): string {
  return prefix === '/api' ? 'auth' : 'api/auth';
}
