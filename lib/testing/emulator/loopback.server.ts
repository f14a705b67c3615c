import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';

/** A server that only this machine can reach. */
export interface LoopbackServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Listens on 127.0.0.1, and on ::1 where there is one, as browsers resolve `localhost` to either.
 *
 * @param port - 0 for any free one
 * @throws Error when the port is taken
 */
export async function listenOnLoopback(
  port: number,
  tls: { key: string; cert: string } | undefined,
  listener: RequestListener,
): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  const start = async (address: string, onPort: number): Promise<Server> => {
    const server = tls ? createHttpsServer(tls, listener) : createHttpServer(listener);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(onPort, address, resolve);
    });
    return server;
  };

  const first = await start('127.0.0.1', port);
  const address = first.address();
  const actualPort = typeof address === 'object' && address ? address.port : port;
  const second = await start('::1', actualPort).catch(async (error: NodeJS.ErrnoException) => {
    // A machine without IPv6 does without; a port that is taken there would be somebody else's `localhost`.
    if (error.code !== 'EADDRINUSE') return undefined;
    await new Promise((resolve) => first.close(resolve));
    throw error;
  });
  const servers = second ? [first, second] : [first];
  return {
    port: actualPort,
    close: async () => {
      const closed = servers.map(
        (server) => new Promise<void>((resolve) => void server.close(() => resolve())),
      );
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}
