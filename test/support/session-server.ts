import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TokenRefresher } from '../../lib/tokens/token-refresher.js';
import { resolveOptions } from '../../lib/config/resolved-options.js';
import { WristbandEvents } from '../../lib/events/wristband-events.js';
import type { SessionOptions, WristbandEvent } from '../../lib/index.js';
import { WristbandException } from '../../lib/errors/wristband.exception.js';
import { SessionManager } from '../../lib/session/session.manager.js';
import type { WristbandSession } from '../../lib/session/session.js';
import { Spans } from '../../lib/telemetry/spans.js';
import type { WristbandClient } from '../../lib/wristband-api/wristband-client.js';
import { Browser, type BrowserResponse } from './browser.js';

const SECRET = 'a-secret-for-tests-with-32-characters-or-more';

/** What a handler has to do with. */
export interface Exchange {
  readonly session: WristbandSession;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly manager: SessionManager;
  /** What `SessionInterceptor` does after a handler. */
  readonly prepare: () => Promise<void> | undefined;
}

export type Handler = (exchange: Exchange) => unknown;

/** An HTTP server with sessions and nothing else, and a browser that keeps its cookies. */
export class SessionServer {
  readonly events: WristbandEvent[] = [];
  /** What was logged as a warning or an error. */
  readonly logs: string[] = [];
  /** What the handler of the last request left behind, once it was done. */
  handled: Promise<unknown> = Promise.resolve();
  #handler: Handler = () => undefined;
  #before: (response: ServerResponse) => void = () => undefined;

  private constructor(
    private readonly server: Server,
    readonly origin: string,
    readonly browser: Browser,
  ) {}

  static async start(session: Partial<SessionOptions> = {}, browser = new Browser()): Promise<SessionServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const it = new SessionServer(server, `http://localhost:${port}`, browser);
    const log = (message: unknown) => void it.logs.push(String(message));
    const options = resolveOptions({
      clientId: 'client',
      clientSecret: SECRET,
      wristbandApplicationVanityDomain: 'a.example',
      logger: { log() {}, debug() {}, warn: log, error: log },
      onEvent: (event) => void it.events.push(event),
      session: { secrets: SECRET, secure: false, ...session },
    });
    const events = new WristbandEvents(options);
    // Tokens are exchanged by the handlers themselves.
    const refresher = new TokenRefresher(options, {} as WristbandClient, events);
    const manager = new SessionManager(options, refresher, events, new Spans());
    server.on('request', (request, response) => {
      it.handled = it.#handle(manager, request, response);
    });
    return it;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** Forgets what was heard so far. */
  reset(): void {
    this.events.length = 0;
    this.logs.length = 0;
  }

  /**
   * A request of the browser; is over when the server has closed its response.
   *
   * @param before what happens to the response before the session is opened
   */
  async request(
    handler: Handler = () => undefined,
    before: (response: ServerResponse) => void = () => undefined,
  ): Promise<BrowserResponse> {
    this.#handler = handler;
    this.#before = before;
    const received = once(this.server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    const closed = received.then(([, response]) => once(response, 'close'));
    const handled = received.then(() => this.handled);
    const [answer] = await Promise.all([this.browser.get(`${this.origin}/`), closed, handled]);
    return answer;
  }

  /** The fields of the session that the browser has. */
  async fields(): Promise<Record<string, unknown>> {
    let fields: Record<string, unknown> = {};
    await this.request(({ session }) => void (fields = session.toJSON()));
    return fields;
  }

  async #handle(manager: SessionManager, request: IncomingMessage, response: ServerResponse) {
    this.#before(response);
    try {
      const session = await manager.load(request, response);
      await this.#handler({ session, request, response, manager, prepare: () => manager.prepare(request) });
      if (!response.writableEnded) response.end('done');
    } catch (error) {
      if (!(error instanceof WristbandException)) {
        // An assertion of the test: nobody waits for an answer any more.
        response.destroy();
        throw error;
      }
      response.statusCode = error.getStatus();
      response.end(error.code);
    }
  }
}
