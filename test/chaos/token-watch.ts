import { decodeJwt } from 'jose';
import type { EmulatorCall, EmulatorJson } from '../../lib/testing/index.js';
import type { WorkerProcess } from '../cluster/worker-process.js';
import type { Journal } from './journal.js';

/** Milliseconds from Wristband's answer, or the end of trouble with the store, until new tokens are surely kept. */
const KEPT_AFTER = 400;
/** Milliseconds that clients of a store take to come back. */
const RECONNECTED_AFTER = 2500;
/** Milliseconds after which the library gives an answer up. */
const GIVEN_UP_AFTER = 4900;

interface Exchange {
  /** Name and ID of the process. */
  readonly worker: string;
  readonly at: number;
  /** When Wristband made the new tokens. */
  doneAt?: number;
}

/** Follows every refresh token, to tell whose new tokens died on their way. */
export class TokenWatch {
  readonly #owners = new Map<unknown, string>();
  readonly #exchanges = new Map<string, Exchange[]>();
  readonly #kills: { readonly worker: string; readonly pid: number | undefined; readonly at: number }[] = [];
  readonly #troubles: { readonly from: number; to: number }[] = [];
  /** The newest access token that Wristband gave out. */
  newestAccessToken = '';
  /** Called when a process begins to exchange a refresh token. */
  onExchange: (worker: string) => void = () => undefined;

  constructor(private readonly journal: Journal) {}

  /** A call to the token endpoint. */
  called({ form, headers }: EmulatorCall): void {
    const user = this.#owners.get(form.refresh_token);
    if (user === undefined) return;
    const worker = String(headers['user-agent']);
    this.#of(user).push({ worker, at: this.journal.now() });
    this.journal.event(user, `${worker} asks Wristband for new tokens`);
    this.onExchange(worker.split('/')[0]!);
  }

  /** A good answer of the token endpoint. */
  answered(body: EmulatorJson): void {
    this.newestAccessToken = String(body.access_token);
    const { sub = '' } = decodeJwt(this.newestAccessToken);
    this.#owners.set(body.refresh_token, sub);
    const exchange = this.#of(sub).findLast(({ doneAt }) => doneAt === undefined);
    if (exchange) exchange.doneAt = this.journal.now();
    this.journal.event(sub, 'Wristband made new tokens');
  }

  killed({ name, pid }: WorkerProcess): void {
    this.#kills.push({ worker: name, pid, at: this.journal.now() });
  }

  wasKilledBetween(worker: string | undefined, from: number, to: number): boolean {
    return this.#kills.some(
      (kill) => (worker === undefined || kill.worker === worker) && kill.at >= from && kill.at <= to,
    );
  }

  /** @returns called when the store is well again */
  storeTrouble(): () => void {
    const trouble = { from: this.journal.now(), to: Infinity };
    this.#troubles.push(trouble);
    return () => void (trouble.to = this.journal.now() + RECONNECTED_AFTER);
  }

  /** How the new tokens of a user died with the process that had asked for them, so that the old ones are spent. */
  deathOf(user: string, since: number): string | undefined {
    const exchanges = this.#of(user).filter(({ at }) => at >= since);
    const lastDone = exchanges.findLast(({ doneAt }) => doneAt !== undefined);
    return lastDone && this.#deathOf(lastDone);
  }

  /** Whether an answer came when nobody waited for it any more: the machine was too slow. */
  wereTooLate(user: string, since: number): boolean {
    return this.#of(user).some(({ at, doneAt = at }) => at >= since && doneAt - at > GIVEN_UP_AFTER);
  }

  #deathOf({ worker, doneAt = Infinity }: Exchange): string | undefined {
    // A call may be seen after the death of who made it.
    const kill = this.#kills.find((one) => `${one.worker}/${one.pid}` === worker);
    if (!kill || kill.at >= this.#keptAt(doneAt)) return undefined;
    if (kill.at < doneAt) return 'before they came';
    return kill.at < doneAt + KEPT_AFTER ? 'when they had just come' : 'while the store could not take them';
  }

  /** When what was made at some time is in the store for sure. */
  #keptAt(doneAt: number): number {
    let end = doneAt + KEPT_AFTER;
    for (const { from, to } of this.#troubles) if (from <= end && to > doneAt) end = to + KEPT_AFTER;
    return end;
  }

  #of(user: string): Exchange[] {
    const known = this.#exchanges.get(user) ?? [];
    this.#exchanges.set(user, known);
    return known;
  }
}
