import { Injectable } from '@nestjs/common';
import type { Span } from '@opentelemetry/api';

type OpenTelemetry = typeof import('@opentelemetry/api');

/** Names and numbers about a call: never a key, a query or a body. */
export type SpanAttributes = Readonly<Record<string, string | number>>;

/** How a call ended that did not throw. */
export interface SpanOutcome {
  readonly attributes?: SpanAttributes;
  /** What went wrong, in a word. */
  readonly errorType?: string | undefined;
}

/** Spans for calls to other services, children of the active one, where `@opentelemetry/api` is installed. */
@Injectable()
export class Spans {
  /** Loaded with the first call: no application has to wait for it at its start. */
  #loading: Promise<OpenTelemetry | undefined> | undefined;

  /** Makes a call in a span of its own. */
  async around<T>(
    name: string,
    attributes: SpanAttributes,
    call: () => Promise<T>,
    outcome?: (result: T) => SpanOutcome,
  ): Promise<T> {
    // Whatever is wrong with the package, it is no reason for a call to fail.
    this.#loading ??= import('@opentelemetry/api').catch(() => undefined);
    const api = await this.#loading;
    if (!api) return call();
    const options = { kind: api.SpanKind.CLIENT, attributes };
    // Of whichever SDK the application set up, also lately; without one it does nothing.
    return api.trace.getTracer('nestjs-wristband').startActiveSpan(name, options, async (span) => {
      try {
        const result = await call();
        this.#finish(api, span, outcome?.(result) ?? {});
        return result;
      } catch (error) {
        // Its message may hold anything.
        this.#finish(api, span, { errorType: error instanceof Error ? error.name : 'error' });
        throw error;
      }
    });
  }

  #finish({ SpanStatusCode }: OpenTelemetry, span: Span, { attributes = {}, errorType }: SpanOutcome): void {
    span.setAttributes(attributes);
    if (errorType !== undefined) {
      span.setAttribute('error.type', errorType);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  }
}
