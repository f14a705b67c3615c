import type { WristbandException } from '../errors/wristband.exception.js';

interface WebSocketPackage {
  readonly WsException: new (error: object) => Error;
}

/**
 * The error of a gateway that carries the body of another: Nest tells the client only what is in one of these. The
 * package is there whenever a gateway is, and is not loaded before.
 */
export async function asSocketError(error: WristbandException): Promise<Error> {
  const name: string = '@nestjs/websockets';
  try {
    const { WsException } = (await import(name)) as WebSocketPackage;
    return new WsException(error.getResponse() as object);
  } catch {
    return error;
  }
}
