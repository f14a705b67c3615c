import type { Span, Tracer } from '@opentelemetry/api';

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
export class Spans {
  readonly #api: OpenTelemetry | undefined;
  readonly #tracer: Tracer | undefined;

  private constructor(api: OpenTelemetry | undefined) {
    this.#api = api;
    // Of whichever SDK the application sets up, also later; without one it does nothing.
    this.#tracer = api?.trace.getTracer('nestjs-wristband');
  }

  /** Whatever is wrong with the package, it is no reason for an application not to start. */
  static async load(): Promise<Spans> {
    return new Spans(await import('@opentelemetry/api').catch(() => undefined));
  }

  /** Makes a call in a span of its own. */
  async around<T>(
    name: string,
    attributes: SpanAttributes,
    call: () => Promise<T>,
    outcome?: (result: T) => SpanOutcome,
  ): Promise<T> {
    const api = this.#api;
    if (!api || !this.#tracer) return call();
    const options = { kind: api.SpanKind.CLIENT, attributes };
    return this.#tracer.startActiveSpan(name, options, async (span) => {
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
