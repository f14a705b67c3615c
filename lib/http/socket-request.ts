import type { IncomingMessage } from 'node:http';

// The `ws` package does not keep the handshake with the socket.
const handshakes = new WeakMap<object, IncomingMessage>();

/** Remembers with which request a socket was opened. */
export function rememberHandshake(client: object, request: IncomingMessage): void {
  handshakes.set(client, request);
}

/** The request with which a socket was opened: socket.io keeps it, others need {@link rememberHandshake}. */
export function socketRequest(client: object): IncomingMessage | undefined {
  const { request } = client as { readonly request?: IncomingMessage };
  return handshakes.get(client) ?? (request?.headers ? request : undefined);
}
