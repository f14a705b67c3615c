export interface PortInUseError extends Error {
  readonly port: number;
}

export function isPortInUse(error: unknown): error is PortInUseError {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
