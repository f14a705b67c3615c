import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EmulatorCall } from './emulator-fault.interface.js';
import type { EmulatorState } from './emulator.state.js';
import { findRoute } from './endpoint.router.js';
import { describeCall, parseForm, readBody, type Exchange } from './exchange.js';
import type { FaultInjector } from './fault.injector.js';
import { sendErrorPage } from './html.page.js';
import { isLoopback } from '../../tenant/tenant-host.js';
import { findTenantByHost, hostnameOf } from './tenant.directory.js';

/** Answers one request: finds host and route, logs the call, and does the work or the planned fault. */
export async function serve(
  state: EmulatorState,
  calls: EmulatorCall[],
  faults: FaultInjector,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  keepCookiesInFrame(request, response);
  try {
    const exchange = await open(state, request, response);
    const route = exchange && findRoute(exchange);
    if (!exchange) {
      sendUnknownHost(state, request.headers.host ?? '', response);
    } else if (!route) {
      sendErrorPage(
        response,
        404,
        `There is nothing at ${request.method} ${exchange.url.pathname} on this host. Sign-ins start at the application: ${state.application.loginUrl}`,
      );
    } else if (!route.endpoint) {
      await route.handle(state, exchange);
    } else {
      const call = describeCall(route.endpoint, exchange);
      calls.push(call);
      await faults.run(call, exchange, (current) => route.handle(state, current));
    }
  } catch (error) {
    // Also the way out for waits that end because the emulator closes, and for clients that went away.
    if (request.socket.destroyed || response.headersSent) request.socket.destroy();
    else sendErrorPage(response, 500, error instanceof Error ? error.message : String(error));
  }
}

/** In a frame of a foreign site, browsers keep cookies only with these attributes. */
function keepCookiesInFrame({ headers }: IncomingMessage, response: ServerResponse): void {
  if (headers['sec-fetch-dest'] !== 'iframe') return;
  const setHeader = response.setHeader.bind(response);
  response.setHeader = (name, value) =>
    setHeader(name, name.toLowerCase() === 'set-cookie' ? [value].flat().map(forFrame) : value);
}

function forFrame(cookie: unknown): string {
  const kept = String(cookie).replaceAll(/; *(?:samesite=\w+|secure|partitioned)(?=;|$)/gi, '');
  return `${kept}; SameSite=None; Secure; Partitioned`;
}

/** A host that is not of this machine is the name of a foreign web site that leads here (DNS rebinding): it learns nothing. */
function sendUnknownHost({ tenants }: EmulatorState, host: string, response: ServerResponse): void {
  if (!isLoopback(host)) {
    sendErrorPage(response, 421, 'The emulator serves this machine only, under names such as localhost.');
    return;
  }
  const names = tenants.map(({ name }) => name).join(', ');
  const message = `No tenant lives on the host ${host}. The tenants of this emulator are: ${names}.`;
  sendErrorPage(response, 404, message);
}

/** Reads the request; undefined when its host is neither the vanity host nor one of a tenant. */
async function open(
  state: EmulatorState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Exchange | undefined> {
  const host = request.headers.host ?? '';
  const tenant = findTenantByHost(state, host);
  // The others besides, since servers cannot look up a name such as auth.localhost everywhere.
  const vanityHosts = [state.vanityHost, 'localhost', '127.0.0.1', '[::1]'];
  if (!tenant && !vanityHosts.includes(hostnameOf(host))) return undefined;
  const url = new URL(request.url ?? '/', state.origin);
  const body = await readBody(request);
  return { request, response, url, body, form: parseForm(request, body), tenant };
}
