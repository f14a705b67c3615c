import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A process that requests are handed to. */
export interface ProxyTarget {
  readonly name: string;
  readonly port: number;
}

export interface Proxy {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * A load balancer without affinity: each request goes to the next process, whoever sent it. The header `x-worker` of the
 * response says to which. A process that dies over a request costs 502; nothing is sent twice.
 *
 * @param targets the processes that run at the moment
 */
export async function startProxy(
  targets: () => readonly ProxyTarget[],
  { keepAlive = false } = {},
): Promise<Proxy> {
  const agent = new Agent({ keepAlive });
  let turn = 0;
  const server = createServer((incoming, response) => {
    const running = targets();
    const target = running[turn % running.length];
    turn += 1;
    if (target) forward(incoming, response, target, agent);
    else response.writeHead(503).end('No process is running');
  });
  // Room for everybody who comes in the same moment.
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  { name, port }: ProxyTarget,
  agent: Agent,
): void {
  const { connection: _, ...headers } = incoming.headers;
  const { method, url: path } = incoming;
  const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
    const { connection: _, 'keep-alive': __, ...kept } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, { ...kept, 'x-worker': name });
    answer.on('error', () => response.destroy()).pipe(response);
  });
  outgoing.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502, { 'x-worker': name }).end('The process is gone');
  });
  // Who goes away is not waited for.
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}
