import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** What a proxy does to each request; tests change it between requests. */
export interface ProxyRule {
  /** The `Host` that the application gets. Default: what the browser sent. */
  host?: string | undefined;
  /** The beginning of the path that is cut off. */
  strip?: string | undefined;
  /** Headers that it adds. */
  headers?: Readonly<Record<string, string>> | undefined;
}

export interface ReverseProxy {
  readonly port: number;
  rule: ProxyRule;
  close(): Promise<void>;
}

/** A reverse proxy before an application on this machine, for HTTP and for sockets. */
export async function startReverseProxy(applicationPort: number): Promise<ReverseProxy> {
  const proxy = { rule: {} as ProxyRule };
  const forward = (incoming: IncomingMessage) =>
    http.request({
      host: '127.0.0.1',
      port: applicationPort,
      agent: false,
      method: incoming.method,
      path: pathOf(incoming, proxy.rule),
      headers: headersOf(incoming.headers, proxy.rule),
    });
  const sockets = new Set<Duplex>();
  const server = http.createServer((incoming, outgoing) => {
    const request = forward(incoming);
    request.on('response', (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    request.on('error', () => outgoing.destroy());
    incoming.pipe(request);
  });
  server.on('upgrade', (incoming, socket) => {
    const request = forward(incoming);
    request.on('upgrade', (response, upstream, head) => {
      const lines = Object.entries(response.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
      socket.write(head);
      for (const [one, other] of [
        [socket, upstream],
        [upstream, socket],
      ] as const) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
      sockets.add(socket);
      upstream.pipe(socket).pipe(upstream);
    });
    request.on('response', () => socket.destroy());
    request.on('error', () => socket.destroy());
    request.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(proxy, {
    port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      }),
  });
}

function pathOf({ url = '/' }: IncomingMessage, { strip = '' }: ProxyRule): string {
  return url.startsWith(strip) ? url.slice(strip.length) || '/' : url;
}

function headersOf(headers: IncomingHttpHeaders, { host, headers: added }: ProxyRule): IncomingHttpHeaders {
  return { ...headers, ...(host !== undefined && { host }), ...added };
}
