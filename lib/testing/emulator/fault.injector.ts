import { setMaxListeners } from 'node:events';
import { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmulatorCall, EmulatorEndpoint, EmulatorFault } from './emulator-fault.interface.js';
import type { Hook } from './emulator.state.js';
import { type Exchange } from './exchange.js';

interface PlannedFault {
  readonly endpoint: EmulatorEndpoint;
  readonly fault: EmulatorFault;
  /** {@link EmulatorFault.when}, to be awaited. */
  readonly when: Hook<EmulatorFault['when']>;
  left: number;
}

/** Does the work of an exchange, and answers it. */
type Work = (exchange: Exchange) => Promise<void>;

/** Keeps the planned faults, and commits them. */
export class FaultInjector {
  private planned: PlannedFault[] = [];
  private readonly closing = new AbortController();

  constructor() {
    // Any number of calls may be late at the same time.
    setMaxListeners(0, this.closing.signal);
  }

  /** Plans a fault. */
  add(endpoint: EmulatorEndpoint, fault: EmulatorFault): void {
    this.planned.push({ endpoint, fault, when: fault.when, left: fault.times ?? Infinity });
  }

  /** Forgets the faults of one endpoint or of all. */
  remove(endpoint?: EmulatorEndpoint): void {
    this.planned = endpoint ? this.planned.filter((plan) => plan.endpoint !== endpoint) : [];
  }

  /** Ends the waits that are under way. */
  close(): void {
    this.closing.abort();
  }

  /** Does the work of a call, or fails in the planned way. */
  async run(call: EmulatorCall, exchange: Exchange, work: Work): Promise<void> {
    const fault = await this.take(call);
    const { request, response } = exchange;
    switch (fault?.kind) {
      case 'hang':
        return;
      case 'reset':
        request.socket.destroy();
        return;
      case 'drop':
        await dropAnswer(call, exchange, work);
        return;
      case 'stall':
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 })
          .write('{"unfinished":"');
        break;
      case 'garbage':
        response.writeHead(200, { 'content-type': 'application/json' }).end('<html>not JSON</html>');
        break;
      case 'empty':
        response.writeHead(200).end();
        break;
      case 'status':
        answerStatus(response, fault);
        break;
      case 'delay':
        await sleep(fault.ms, undefined, { signal: this.closing.signal });
        await work(exchange);
        break;
      default:
        await work(exchange);
    }
    call.status = response.statusCode;
  }

  private async take(call: EmulatorCall): Promise<EmulatorFault | undefined> {
    const applies = (plan: PlannedFault) =>
      plan.endpoint === call.endpoint && plan.left > 0 && this.planned.includes(plan);
    for (const plan of this.planned.filter(applies)) {
      const isMeant = plan.when === undefined || (await plan.when(call));
      // Another call may have taken the last one meanwhile, or the endpoint may have been healed.
      if (!isMeant || !applies(plan)) continue;
      plan.left -= 1;
      return plan.fault;
    }
    return undefined;
  }
}

function answerStatus(response: ServerResponse, fault: EmulatorFault & { kind: 'status' }): void {
  const { status, headers, body = '' } = fault;
  const isText = typeof body === 'string';
  response
    .writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers })
    .end(isText ? body : JSON.stringify(body));
}

/** The work is done for real, but into a response that is connected to nothing. */
async function dropAnswer(call: EmulatorCall, exchange: Exchange, work: Work): Promise<void> {
  const { request } = exchange;
  const response = new ServerResponse(request);
  await work({ ...exchange, response });
  call.status = response.statusCode;
  request.socket.destroy();
}
