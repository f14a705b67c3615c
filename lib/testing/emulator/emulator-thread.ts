import { parentPort, workerData } from 'node:worker_threads';
import { type AskedSignIn, runningEmulators } from './running-emulators.js';
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
  type ThreadData,
  valueOf,
} from './thread-messages.js';
import { startWristbandEmulator } from './wristband.emulator.js';
import type { WristbandEmulator } from './wristband-emulator.interface.js';

// Runs in a thread that wristband.emulator-in-thread.ts has started.
const { options, syncPort, done } = workerData as ThreadData;
const hookReplies = new Map<number, (result: Result) => void>();
let hookCalls = 0;

startWristbandEmulator(options).then(
  (emulator) => {
    syncPort.on('message', (call: SyncCall) => replyAtOnce(emulator, call));
    parentPort?.on('message', (message: Call<AsyncMethod> | Reply) => {
      if (message.kind === 'call') void replyLater(emulator, message);
      else hookReplies.get(message.id)?.(message.result);
    });
    const { vanityDomain, origin, issuer, clientId, clientSecret } = emulator;
    const facts: EmulatorFacts = { vanityDomain, origin, issuer, clientId, clientSecret };
    send({ kind: 'reply', id: 0, result: succeeded(facts) });
  },
  (error: unknown) => send({ kind: 'reply', id: 0, result: failed(error) }),
);

function send(message: Call<number> | Reply): void {
  parentPort?.postMessage(message);
}

function replyAtOnce(emulator: WristbandEmulator, call: SyncCall): void {
  let result: Result;
  try {
    result = succeeded(runAtOnce(emulator, call));
  } catch (error) {
    result = failed(error);
  }
  syncPort.postMessage(result);
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
}

function runAtOnce(emulator: WristbandEmulator, { method, args, hooks }: SyncCall): unknown {
  const { calls, tenants, users } = emulator;
  if (method === 'snapshot') return { calls, tenants, users } satisfies EmulatorSnapshot;
  const names = Object.entries(hooks);
  if (names.length === 0) return Reflect.apply(emulator[method], emulator, args);
  const functions = names.map(([name, target]) => [
    name,
    name === 'callbackParams' ? onParams(target) : hook(target),
  ]);
  const last = { ...(args.at(-1) as object), ...Object.fromEntries(functions) };
  return Reflect.apply(emulator[method], emulator, [...args.slice(0, -1), last]);
}

async function replyLater(
  emulator: WristbandEmulator,
  { id, target, args }: Call<AsyncMethod>,
): Promise<void> {
  const run = (): unknown => {
    if (target !== 'emulateSignIn') return Reflect.apply(emulator[target], emulator, args);
    const [asked, scopes] = args as [AskedSignIn, readonly string[]];
    return runningEmulators.get(emulator.vanityDomain)?.(asked, scopes);
  };
  const result = await Promise.resolve().then(run).then(succeeded, failed);
  send({ kind: 'reply', id, result });
}

/** A function of a test; the emulator waits for what it returns. */
function hook(target: number): (...args: unknown[]) => Promise<unknown> {
  return async (...args) => {
    const id = ++hookCalls;
    const reply = new Promise<Result>((resolve) => hookReplies.set(id, resolve));
    send({ kind: 'call', id, target, args });
    const result = await reply;
    hookReplies.delete(id);
    return valueOf(result);
  };
}

/** The one that changes its argument, which cannot cross over as it is. */
function onParams(target: number): (params: URLSearchParams) => Promise<void> {
  const run = hook(target);
  return async (params) => {
    const changed = (await run([...params])) as [string, string][];
    for (const name of new Set(params.keys())) params.delete(name);
    for (const [name, value] of changed) params.append(name, value);
  };
}
