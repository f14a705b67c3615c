import { setTimeout as delay } from 'node:timers/promises';
import { parseJson } from '../../lib/json/json.js';
import type { EmulatorUser } from '../../lib/testing/index.js';
import type { Question } from '../cluster/crowd.js';
import { KeptCookies } from './kept-cookies.js';
import { Random } from './random.js';
import { SessionModel } from './session-model.js';
import { SIGN_IN_PATIENCE, signIn } from './sign-in.js';
import { judge, type Verdict } from './verdict.js';
import type { World } from './world.js';

const COUNTER = 'hits';
const KEYS = ['cart', 'theme', 'step'];
/** How often a user does what. */
const HABITS = {
  read: 30,
  write: 22,
  count: 14,
  burst: 14,
  replay: 8,
  logout: 3,
  hurriedLogout: 2,
  signInAnew: 2,
  rest: 5,
} as const;

type Habit = keyof typeof HABITS;

interface Answer {
  readonly verdict: Verdict;
  readonly text: string;
}

/** Somebody who uses the application, and knows what it owes them. Does one thing at a time, except in bursts. */
export class ChaosUser {
  readonly #random: Random;
  readonly #cookies = new KeptCookies();
  #session: SessionModel | undefined;
  #last = 0;
  #until = 0;

  constructor(
    private readonly account: EmulatorUser & { readonly id: string },
    private readonly world: World,
    seed: string,
  ) {
    this.#random = new Random(`${seed} ${account.id}`);
  }

  /** @param until milliseconds since the run began */
  async live(until: number): Promise<void> {
    const { journal } = this.world;
    this.#until = until;
    await this.#pause(0, 3000);
    while (journal.now() < until) {
      await this.#step(this.#session ? this.#random.weighted(HABITS) : 'signInAnew');
      await this.#pause(200, 2000);
    }
  }

  /** When everything is well again: a last look at what is left, and at what is over. */
  async settle(): Promise<void> {
    for (let attempt = 1; this.#session; attempt += 1) {
      const { verdict, text } = await this.#read();
      if (verdict !== 'unknown') break;
      if (attempt === 5) this.#violation('an answer that must not be', `Nothing works any more: ${text}`);
      if (attempt === 5) break;
      await delay(1000);
    }
    for (const grave of this.#cookies.graves.splice(0)) await this.#replay(grave);
  }

  async #step(habit: Habit): Promise<void> {
    const { mode } = this.world;
    const { graves } = this.#cookies;
    const steps: Record<Habit, () => Promise<unknown>> = {
      read: () => this.#read(),
      write: () => this.#write(this.#random.pick(KEYS)),
      count: () => this.#count(),
      // Of parallel writes to one cookie the last response wins: there the user only reads in parallel.
      burst: () => (mode === 'store' ? this.#burst() : this.#reads()),
      replay: () => (graves.length > 0 ? this.#replay(this.#random.pick(graves)) : this.#read()),
      logout: () => this.#logout(),
      hurriedLogout: () => this.#hurriedLogout(),
      signInAnew: () => this.#signIn(),
      rest: () => this.#pause(3000, 9000),
    };
    await steps[habit]();
  }

  async #pause(least: number, most: number): Promise<void> {
    const ms = this.#random.between(least, most);
    await delay(Math.max(Math.min(ms, this.#until - this.world.journal.now()), 0));
  }

  async #read(): Promise<Answer> {
    const answer = await this.#ask('read', { path: '/fields' });
    if (answer.verdict !== 'done') return answer;
    const { fields = {} } = parseJson(answer.text) as { fields?: Record<string, unknown> };
    const problem = this.#session?.compare(fields);
    if (problem !== undefined) this.#violation('a write is lost', problem);
    return answer;
  }

  async #write(key: string): Promise<void> {
    const value = (this.#last += 1);
    const session = this.#session;
    const { verdict } = await this.#ask('write', { method: 'POST', path: `/set/${key}?json=${value}` });
    if (verdict !== 'refused') session?.wrote(key, value, verdict);
  }

  async #count(): Promise<void> {
    const session = this.#session;
    const { verdict } = await this.#ask('update', { method: 'POST', path: `/count/${COUNTER}` });
    if (verdict !== 'refused') session?.counted(verdict);
  }

  async #reads(): Promise<void> {
    const { length } = KEYS;
    await Promise.all(Array.from({ length }, () => this.#ask('read in parallel', { path: '/token' })));
    this.#forgetCookieWithoutSession();
  }

  async #burst(): Promise<void> {
    const [first, second] = KEYS as [string, string];
    const writes = [this.#count(), this.#write(first), this.#write(second), this.#count()];
    await Promise.all([...writes, this.#reads()]);
    this.#forgetCookieWithoutSession();
  }

  async #logout(): Promise<void> {
    const session = this.#session;
    const { verdict } = await this.#ask('logout', { path: '/api/auth/logout' });
    if (verdict === 'done') this.#bury();
    // Wristband may have taken its tokens back, whatever is left here.
    else if (session) session.mayHaveEnded = true;
  }

  /** A logout while another request is on its way. */
  async #hurriedLogout(): Promise<void> {
    const cookies = this.#cookies.all;
    if (this.#session) this.#session.mayHaveEnded = true;
    const slow = this.#ask('slow write', { path: '/slow/600?set=late' });
    await delay(this.#random.between(0, 500));
    const { verdict } = await this.#ask('hurried logout', { path: '/api/auth/logout' });
    await slow;
    if (verdict === 'done') this.#bury(cookies);
    this.#forgetCookieWithoutSession();
  }

  /** Kept cookies of a session that is over. */
  async #replay(grave: readonly string[]): Promise<void> {
    const { cluster } = this.world;
    const cookie = this.#random.pick(grave);
    const question = this.#random.pick<Question>([
      { path: '/me' },
      { path: '/fields' },
      { method: 'POST', path: '/set/step' },
    ]);
    const isDirect = this.#random.chance(0.5);
    const part = this.#random.next();
    const { verdict, text } = await this.#send('replay', () => {
      const running = cluster.workers.filter(({ isRunning }) => isRunning);
      const { port } = running[Math.floor(part * running.length)]!;
      return { ...question, cookie, ...(isDirect && { port }) };
    });
    if (verdict === 'done') this.#violation('alive after the logout', text);
  }

  async #signIn(): Promise<void> {
    const { world, account } = this;
    const { journal, watch } = world;
    const old = this.#session;
    const since = journal.now();
    const result = await signIn(world, account, this.#cookies.current);
    const name = old ? 'sign in anew' : 'sign in';
    if ('cookie' in result) {
      this.#note(name, 'done', journal.now() - since);
      if (old) this.#bury();
      this.#session = new SessionModel(since, COUNTER);
      this.#cookies.take(result.cookie);
      return;
    }
    if (old) old.mayHaveEnded = true;
    const judged = result.reply && judge(result.reply, watch, SIGN_IN_PATIENCE);
    this.#note(name, judged?.label ?? 'began anew', journal.now() - since, result.reply?.worker);
    if (judged?.violation) this.#violation(judged.violation.kind, judged.violation.text);
  }

  /** A request with the cookie of the session, whose answer may change it. */
  async #ask(name: string, question: Question): Promise<Answer> {
    const cookie = this.#cookies.current;
    const session = this.#session;
    const answer = await this.#send(name, () => ({ ...question, ...(cookie !== undefined && { cookie }) }));
    if (answer.cookie !== undefined) this.#cookies.take(answer.cookie);
    if (answer.verdict === 'refused' && session && session === this.#session) this.#signedOut(session);
    return answer;
  }

  async #send(name: string, choose: () => Question): Promise<Answer & { cookie: string | undefined }> {
    const { client, watch } = this.world;
    const reply = await client.ask(choose);
    const { verdict, label, violation } = judge(reply, watch);
    this.#note(name, label, reply.ended - reply.began, reply.worker);
    if (violation) this.#violation(violation.kind, violation.text);
    return { verdict, text: reply.text, cookie: reply.cookie };
  }

  #signedOut(session: SessionModel): void {
    const { journal, watch } = this.world;
    const { id } = this.account;
    const death = watch.deathOf(id, session.since);
    if (session.mayHaveEnded) journal.remark('401 while a logout or sign-in had no answer');
    else if (death) journal.remark(`signed out: the process with the new tokens died ${death}`);
    else if (watch.wereTooLate(id, session.since)) journal.remark('signed out: this machine was too slow');
    else this.#violation('signed out without a reason', '401');
    this.#session = undefined;
    this.#cookies.forget();
  }

  /** The session is over for sure. */
  #bury(others?: readonly string[]): void {
    this.#cookies.bury(others);
    this.#session = undefined;
  }

  /** Requests that were on their way when the session ended may have set it. */
  #forgetCookieWithoutSession(): void {
    if (!this.#session) this.#cookies.forget();
  }

  #note(name: string, answer: string, took: number, worker = 'nobody'): void {
    const { journal } = this.world;
    journal.answered(name, answer);
    journal.event(this.account.id, `${name}: ${answer} by ${worker} in ${Math.round(took)} ms`);
  }

  #violation(kind: Parameters<World['journal']['violation']>[0], text: string): void {
    this.world.journal.violation(kind, this.account.id, text);
  }
}
