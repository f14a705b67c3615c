import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';

/** The ports of the processes that run at the moment, at least one. */
type Ports = () => Promise<readonly number[]>;

/** A load balancer without affinity: each request goes to the next process, whoever sent it. */
export async function startProxy(port: number, ports: Ports): Promise<void> {
  const turns = new Map<string | undefined, number>();
  // Writes take turns of their own: a button causes a write and a page, and of two processes one would do all writes.
  const nextPort = async (method: string | undefined): Promise<number> => {
    const running = await ports();
    const turn = turns.get(method) ?? 0;
    turns.set(method, turn + 1);
    return running[turn % running.length]!;
  };
  const server = createServer((incoming, response) => void forward(incoming, response, nextPort));
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new Error(`Port ${port} cannot be used. Choose another one: PORT=3001 npm start`, { cause: error });
  }
}

async function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  nextPort: (method: string | undefined) => Promise<number>,
): Promise<void> {
  const { method, url: path } = incoming;
  // The Host header stays: the application sees the address that the browser sees.
  const headers = { ...incoming.headers, connection: 'close' };
  const port = await nextPort(method);
  const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (answer) => {
    const { connection: _, ...kept } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, kept);
    pipeline(answer, response, () => undefined);
  });
  outgoing.on('error', () => {
    if (response.headersSent || response.destroyed) response.destroy();
    // Whatever only reads is asked again elsewhere; a write may be done already.
    else if (method === 'GET') void forward(incoming, response, nextPort);
    else response.writeHead(502).end('The process that had your request is gone.');
  });
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}
