import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

const read = (name: string) => readFileSync(new URL(`../front-end/${name}`, import.meta.url), 'utf8');
const PAGE = read('front-end.html');

/** How Wristband's front-end libraries are set up in a page. */
export interface FrontEndSettings {
  /** Origin of the API. */
  readonly api: string;
  /** Whose behaviour the page has. @default 'react' */
  readonly library?: 'react' | 'vue';
  readonly csrfCookieName?: string;
  readonly csrfHeaderName?: string;
}

/** A page that does what Wristband's front-end libraries do. */
export function frontEndPage(settings: FrontEndSettings): string {
  const all = {
    path: 'api/auth',
    library: 'react',
    csrfCookieName: 'CSRF-TOKEN',
    csrfHeaderName: 'X-CSRF-TOKEN',
    ...settings,
  };
  return PAGE.replace('{settings}', () => JSON.stringify(all).replaceAll('"', '&quot;'));
}

export const FRONT_END_SCRIPT = read('front-end.js');

export interface FrontEndServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves that page under every path, on a port of its own. */
export async function serveFrontEnd(api: () => string): Promise<FrontEndServer> {
  const server = http.createServer((request, response) => {
    const isScript = request.url === '/front-end.js';
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? FRONT_END_SCRIPT : frontEndPage({ api: api() }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve()))),
  };
}
