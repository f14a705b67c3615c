import type { WristbandException } from '../errors/wristband.exception.js';

type ErrorClass = new (error: object) => Error;

/** Of each kind of handler the package and the class of the errors whose content Nest tells the other side. */
const CLASSES: Readonly<Record<string, readonly [string, string]>> = {
  ws: ['@nestjs/websockets', 'WsException'],
  rpc: ['@nestjs/microservices', 'RpcException'],
};

/**
 * The error that tells the other side the body of another one; of any that is not its own Nest says only "Internal
 * server error". The package is there whenever such a handler is, and is not loaded before.
 */
export async function asContextError(type: string, error: WristbandException): Promise<Error> {
  const [packageName, className] = CLASSES[type] ?? [];
  if (packageName === undefined || className === undefined) return error;
  try {
    const loaded = (await import(packageName)) as Record<string, ErrorClass | undefined>;
    const ContextError = loaded[className];
    return ContextError ? new ContextError(error.getResponse() as object) : error;
  } catch {
    return error;
  }
}
