import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { Random } from '../chaos/random.js';
import type { World } from '../chaos/world.js';

interface Visit {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly statuses: readonly number[];
}

/** What passers-by do, and what may be answered: 503 where Wristband's keys are needed and cannot be had. */
const VISITS = {
  'public page': () => ({ path: '/api/auth/done', headers: {}, statuses: [200] }),
  'nobody at a guarded page': () => ({ path: '/me', headers: {}, statuses: [401] }),
  'a cookie of nobody': () => cookieVisit(randomBytes(900).toString('base64url')),
  'a giant cookie': () => cookieVisit('x'.repeat(7000)),
  'an access token': (token) => bearerVisit(token, [200, 503]),
  'a forged access token': (token) => bearerVisit(withSignature(token), [401, 503]),
  'an access token of an unknown key': (token) => bearerVisit(withUnknownKey(token), [401, 503]),
  'no access token at all': () => bearerVisit(randomBytes(40).toString('hex'), [401]),
} satisfies Record<string, (token: string) => Visit>;

/** Milliseconds in which unknown keys are looked for once. */
const LOOK_PAUSE = 10_000;

type Name = keyof typeof VISITS;

const NAMES = Object.keys(VISITS) as Name[];

/** Somebody without a session: reads what is public, calls the API with tokens, or tries what does not help. */
export class PasserBy {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(
    private readonly world: World,
    private readonly random: Random,
    /** When Wristband last began to sign with another key, in milliseconds since the run began. */
    private readonly keysChangedAt: () => number,
  ) {}

  /** @param until milliseconds since the run began */
  async live(until: number): Promise<void> {
    const { journal } = this.world;
    while (journal.now() < until) await this.#visit(this.random.pick(NAMES));
    this.#agent.destroy();
  }

  async #visit(name: Name): Promise<void> {
    const { client, journal, watch } = this.world;
    await client.pace.turn();
    const { path, headers, statuses } = VISITS[name](watch.newestAccessToken);
    const status = await this.#ask(path, headers).catch((error: unknown) => String(error));
    journal.answered(name, String(status));
    const isKeyNew = journal.now() - this.keysChangedAt() < LOOK_PAUSE;
    // Passers-by with made-up keys use up the looks at Wristband's keys.
    if (name === 'an access token' && status === 401 && isKeyNew)
      return journal.remark('401 for a token of a new key, which was not looked for yet');
    if (typeof status !== 'number' || !statuses.includes(status))
      journal.violation('an answer that must not be', 'passer-by', `${name}: ${status}`);
  }

  async #ask(path: string, headers: Readonly<Record<string, string>>): Promise<number> {
    const { host, port } = new URL(this.world.cluster.origin);
    const target = { host: '127.0.0.1', port, path, headers: { host, ...headers }, agent: this.#agent };
    const sent = request({ ...target, signal: AbortSignal.timeout(12_000) }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
    return response.statusCode ?? 0;
  }
}

function cookieVisit(value: string): Visit {
  return { path: '/me', headers: { cookie: `session=${value}; sid=${value}` }, statuses: [401] };
}

function bearerVisit(token: string, statuses: readonly number[]): Visit {
  // Nobody has signed in yet.
  if (token === '') return { path: '/bearer', headers: {}, statuses: [401] };
  return { path: '/bearer', headers: { authorization: `Bearer ${token}` }, statuses };
}

function withSignature(token: string): string {
  return `${token.slice(0, token.lastIndexOf('.') + 1)}${randomBytes(256).toString('base64url')}`;
}

function withUnknownKey(token: string): string {
  const header = { alg: 'RS256', typ: 'at+jwt', kid: randomBytes(8).toString('hex') };
  const encoded = Buffer.from(JSON.stringify(header)).toString('base64url');
  return `${encoded}${token.slice(token.indexOf('.'))}`;
}
