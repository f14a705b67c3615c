import { applyDecorators, type ControllerOptions, VERSION_NEUTRAL } from '@nestjs/common';

/** A method that is mounted nowhere is no endpoint. */
export function At(mount: (path: string) => MethodDecorator, path: string | false): MethodDecorator {
  return path === false ? applyDecorators() : mount(path);
}

/** Versions do not apply: Wristband knows one URL. */
export function below(path: string): ControllerOptions {
  return { path, version: VERSION_NEUTRAL };
}
