import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { refuseProduction } from '../refuse-production.js';
import type { WristbandEmulatorOptions } from './emulator-options.interface.js';
import { type EmulatedSignIn, type EmulateSignIn, runningEmulators } from './running-emulators.js';
import {
  type AsyncMethod,
  type Call,
  type EmulatorFacts,
  type EmulatorSnapshot,
  failed,
  type Reply,
  type Result,
  succeeded,
  type SyncCall,
  type SyncMethod,
  type ThreadData,
  valueOf,
} from './thread-messages.js';
import type { WristbandEmulator } from './wristband-emulator.interface.js';

/** Written from the folder of this file and from that of the CommonJS bundle alike. */
const THREAD = join(dirname(fileURLToPath(import.meta.url)), '../../testing/emulator/emulator-thread.js');
/** Milliseconds. A synchronous call takes less than one; something is broken then. */
const PATIENCE = 30_000;

type AnyFunction = (...args: unknown[]) => unknown;

/**
 * The `startWristbandEmulator()` of the CommonJS bundle. The emulator is made of ES modules, which Jest cannot load, so it runs in a
 * thread, where Node.js loads them. A thread rather than a process, because methods such as `fail()` and `callsTo()` are
 * synchronous, and because it ends with its process whatever happens. It does not keep that process alive.
 */
export async function startWristbandEmulator(
  options: WristbandEmulatorOptions = {},
): Promise<WristbandEmulator> {
  refuseProduction('The Wristband emulator');
  const thread = new EmulatorThread(options);
  const facts = await thread.started;
  const emulateSignIn: EmulateSignIn = (asked, scopes) =>
    thread.call('emulateSignIn', [asked, scopes]) as Promise<EmulatedSignIn>;
  runningEmulators.set(facts.vanityDomain, emulateSignIn);
  return createHandle(facts, thread);
}

function createHandle(facts: EmulatorFacts, thread: EmulatorThread): WristbandEmulator {
  const close = async (): Promise<void> => {
    runningEmulators.delete(facts.vanityDomain);
    await thread.close();
  };
  return {
    ...facts,
    get tenants() {
      return thread.snapshot().tenants;
    },
    get users() {
      return thread.snapshot().users;
    },
    get calls() {
      return thread.snapshot().calls;
    },
    callsTo: (endpoint) => thread.snapshot().calls.filter((call) => call.endpoint === endpoint),
    clearCalls: () => void thread.callSync('clearCalls', []),
    setApplication: (patch) => void thread.callSync('setApplication', [patch]),
    setSdkConfiguration: (patch) => void thread.callSync('setSdkConfiguration', [patch]),
    fail: (endpoint, fault) => void thread.callSync('fail', [endpoint, fault]),
    heal: (endpoint) => void thread.callSync('heal', [endpoint]),
    tamper: ({ callbackParams, ...hooks } = {}) =>
      void thread.callSync('tamper', [{ ...hooks, ...(callbackParams && onEntries(callbackParams)) }]),
    revokeAllGrants: () => void thread.callSync('revokeAllGrants', []),
    rotateKeys: (how) => thread.call('rotateKeys', [how]) as Promise<void>,
    signLogoutToken: (claims, how) => thread.call('signLogoutToken', [claims, how]) as Promise<string>,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** URLSearchParams cannot cross over to another thread: their entries do, there and back. */
function onEntries(change: (params: URLSearchParams) => void): { callbackParams: AnyFunction } {
  return {
    callbackParams: (entries) => {
      const params = new URLSearchParams(entries as [string, string][]);
      change(params);
      return [...params];
    },
  };
}

class EmulatorThread {
  readonly started: Promise<EmulatorFacts>;
  readonly #worker: Worker;
  readonly #syncPort: MessagePort;
  readonly #done = new Int32Array(new SharedArrayBuffer(4));
  readonly #hooks: AnyFunction[] = [];
  readonly #waiting = new Map<number, (result: Result) => void>();
  #calls = 0;
  #closing: Promise<void> | undefined;
  /** What a closed emulator still knows. */
  #last: EmulatorSnapshot | undefined;

  constructor(options: WristbandEmulatorOptions) {
    const { port1, port2 } = new MessageChannel();
    this.#syncPort = port1;
    const data: ThreadData = { options, syncPort: port2, done: this.#done };
    this.#worker = new Worker(THREAD, { workerData: data, transferList: [port2] });
    this.#worker.on('message', (message: Call<number> | Reply) => this.#receive(message));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('The Wristband emulator has stopped.')));
    this.started = this.#reply(0) as Promise<EmulatorFacts>;
    this.started.catch(() => this.#worker.terminate());
  }

  snapshot(): EmulatorSnapshot {
    return this.#last ?? (this.callSync('snapshot', []) as EmulatorSnapshot);
  }

  /** Calls a method of the emulator and waits for its effect. A closed emulator does nothing, as in the process itself. */
  callSync(method: SyncMethod, args: readonly unknown[]): unknown {
    if (this.#last) return undefined;
    const last = { ...(args.at(-1) as object | undefined) };
    const hooks = Object.entries(last).filter(([, value]) => typeof value === 'function');
    const call: SyncCall = {
      method,
      args: hooks.length === 0 ? args : [...args.slice(0, -1), withoutFunctions(last)],
      hooks: Object.fromEntries(
        hooks.map(([name, hook]) => [name, this.#hooks.push(hook as AnyFunction) - 1]),
      ),
    };
    Atomics.store(this.#done, 0, 0);
    this.#syncPort.postMessage(call);
    // More than once, because the notification of the call before may come late.
    while (Atomics.load(this.#done, 0) === 0 && Atomics.wait(this.#done, 0, 0, PATIENCE) !== 'timed-out');
    const received = receiveMessageOnPort(this.#syncPort) as { readonly message: Result } | undefined;
    if (!received) throw new Error('The Wristband emulator has stopped.');
    return valueOf(received.message);
  }

  /** Calls a method of the emulator that returns a promise. */
  call(target: AsyncMethod, args: readonly unknown[]): Promise<unknown> {
    const id = ++this.#calls;
    this.#worker.postMessage({ kind: 'call', id, target, args } satisfies Call<AsyncMethod>);
    return this.#reply(id);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#last = this.snapshot();
    await this.call('close', []);
    this.#syncPort.close();
    await this.#worker.terminate();
  }

  #reply(id: number): Promise<unknown> {
    this.#worker.ref();
    const result = new Promise<Result>((resolve) => this.#waiting.set(id, resolve));
    return result.then(valueOf).finally(() => {
      if (this.#waiting.size === 0) this.#worker.unref();
    });
  }

  #receive(message: Call<number> | Reply): void {
    if (message.kind === 'reply') this.#settle(message.id, message.result);
    else void this.#runHook(message);
  }

  #settle(id: number, result: Result): void {
    this.#waiting.get(id)?.(result);
    this.#waiting.delete(id);
  }

  async #runHook({ id, target, args }: Call<number>): Promise<void> {
    const hook = this.#hooks[target];
    const result = await Promise.resolve()
      .then(() => hook?.(...(JSON.parse(JSON.stringify(args)) as unknown[])))
      .then(succeeded, failed);
    this.#worker.postMessage({ kind: 'reply', id, result } satisfies Reply);
  }

  #end(error: unknown): void {
    for (const id of this.#waiting.keys()) this.#settle(id, failed(error));
  }
}

function withoutFunctions(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => typeof value !== 'function'));
}
