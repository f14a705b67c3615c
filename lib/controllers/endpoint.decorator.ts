import {
  applyDecorators,
  type ControllerOptions,
  UseFilters,
  UseGuards,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { EndpointFilter } from './endpoint.filter.js';
import { EndpointGuard } from './endpoint.guard.js';

/** A method that is mounted nowhere is no endpoint. Others are called by the guard that is nearest to them, not by Nest. */
export function Endpoint(mount: (path: string) => MethodDecorator, path: string | false): MethodDecorator {
  if (path === false) return applyDecorators();
  return applyDecorators(mount(path), UseGuards(EndpointGuard), UseFilters(EndpointFilter));
}

/** Versions do not apply: Wristband knows one URL. */
export function below(path: string): ControllerOptions {
  return { path, version: VERSION_NEUTRAL };
}
