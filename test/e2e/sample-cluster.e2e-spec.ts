import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { launchChromium } from '../support/chromium.js';
import { npmStart, type RunningSample } from '../support/sample.js';

const folder = new URL('../../sample/03-cluster', import.meta.url).pathname;

let chromium: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  chromium = await launchChromium();
});
afterAll(() => chromium.close());
beforeEach(async () => {
  context = await chromium.newContext();
  page = await context.newPage();
  page.setDefaultTimeout(60_000);
});
afterEach(() => context.close());

const textOf = async (id: string) => (await page.getByTestId(id).textContent()) ?? '';

async function signIn(sample: RunningSample): Promise<void> {
  await page.goto(sample.origin);
  await page.getByTestId('sign-in-acme').click();
  await page.locator('input[name=email]').fill('grace@acme.example');
  await page.locator('input[name=password]').fill('password');
  await page.locator('button[type=submit]').first().click();
  await page.getByTestId('user').waitFor();
}

/** Presses a button and waits until the page has come again. */
async function press(id: 'count-1' | 'count-20' | 'expire-1' | 'kill-1'): Promise<void> {
  const loaded = page.waitForEvent('load');
  await page.getByTestId(id).click();
  await loaded;
}

/** A column of the table of processes, from the first process to the last. */
function column(name: 'pid' | 'counts' | 'renewals'): Promise<string[]> {
  return page.getByTestId(name).allTextContents();
}

/** The pids of all processes, once all of them run. */
async function pids(): Promise<number[]> {
  for (;;) {
    await page.reload();
    const found = (await column('pid')).map(Number);
    if (!found.some(Number.isNaN)) return found;
    await delay(100);
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** The port after a word of the banner. */
const portOf = (name: string, sample: RunningSample) =>
  Number(new RegExp(`${name} +\\w+://[^:]+:(\\d+)`).exec(sample.output())?.[1]);

/** Whether nothing of a sample is left, within a few seconds. */
async function isGone(sample: RunningSample, workers: readonly number[]): Promise<boolean> {
  const ports = [sample.port, portOf('Redis', sample), portOf('Wristband', sample)];
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const open = await Promise.all(ports.map(accepts));
    if (!open.includes(true) && !workers.some(isRunning)) return true;
    await delay(100);
  }
  return false;
}

describe('the cluster sample', () => {
  let sample: RunningSample;
  beforeAll(async () => {
    sample = await npmStart(folder);
    // The proxy is the last to come up, right before the banner.
    await vi.waitFor(() => expect(sample.output()).toContain('Ctrl-C'), 20_000);
  }, 120_000);
  afterAll(() => sample.pressCtrlC());

  it('says what to open and who can sign in', () => {
    expect(sample.output()).toContain(`Open        ${sample.origin}\n`);
    expect(sample.output()).toMatch(/grace@acme\.example +password: password/);
  });

  it('counts in both processes, alone and in parallel', async () => {
    await signIn(sample);
    expect(await textOf('user')).toBe('grace@acme.example of acme');
    expect(await textOf('counter')).toBe('0');

    for (let count = 1; count <= 4; count += 1) {
      await press('count-1');
      expect(await textOf('counter')).toBe(`${count}`);
    }
    expect(await column('counts')).toEqual(['2', '2']);

    await press('count-20');
    expect(await textOf('counter')).toBe('24');
    expect(await column('counts')).toEqual(['12', '12']);
  });

  it('goes on when a process is killed, and starts it again', async () => {
    await signIn(sample);
    await press('count-20');
    const before = await pids();

    await press('kill-1');
    expect(await textOf('counter')).toBe('20');
    await press('count-1');
    expect(await textOf('counter')).toBe('21');

    const after = await pids();
    const killed = before.filter((pid) => !after.includes(pid));
    expect(killed).toHaveLength(1);
    expect(isRunning(killed[0]!)).toBe(false);
    expect(sample.output()).toContain(`(pid ${killed[0]}) died of SIGKILL: it is started again.`);
    await press('count-20');
    expect(await textOf('counter')).toBe('41');
  });

  it('waits for a process when all are killed', async () => {
    await signIn(sample);
    await press('count-1');
    const killed = await pids();
    for (const pid of killed) process.kill(pid, 'SIGKILL');

    await page.reload();

    expect(await textOf('counter')).toBe('1');
    const noneIsOld = async () => expect((await pids()).filter((pid) => killed.includes(pid))).toEqual([]);
    await vi.waitFor(noneIsOld, 15_000);
  });

  it('renews an expired access token once, whoever asks at the same time', async () => {
    await signIn(sample);
    const renewals = async () => (await column('renewals')).reduce((sum, text) => sum + Number(text), 0);
    const before = await renewals();

    await press('expire-1');
    expect(await textOf('token')).toContain('expired');
    await press('count-20');

    expect(await textOf('token')).toMatch(/^good for \d+ min$/);
    expect(await textOf('counter')).toBe('20');
    expect(await renewals()).toBe(before + 1);
  });

  it('signs out in all processes', async () => {
    await signIn(sample);
    const kept = (await context.cookies(sample.origin)).find(({ name }) => name === 'sid')!;
    await page.getByTestId('sign-out').click();
    await page.locator('input[name=password]').waitFor();

    await context.addCookies([kept]);
    const answeredBy: string[] = [];
    for (let visit = 0; visit < 2; visit += 1) {
      await page.goto(sample.origin);
      expect(await page.getByTestId('sign-in-acme').count()).toBe(1);
      answeredBy.push(await textOf('process'));
    }
    expect(answeredBy.toSorted()).toEqual(['process 1', 'process 2']);
  });

  it('ends as a whole when it is killed', async () => {
    const other = await npmStart(folder);
    await signIn(other);
    const workers = await pids();
    const parent = execFileSync('ps', ['-o', 'ppid=', '-p', `${workers[0]}`], { encoding: 'utf8' });

    process.kill(Number(parent), 'SIGKILL');

    expect(await isGone(other, workers)).toBe(true);
    await other.pressCtrlC();
  });
});

describe('the cluster sample with sessions in cookies', () => {
  it('keeps the user signed in, signs out in all processes, and stops as a whole on Ctrl-C', async () => {
    const sample = await npmStart(folder, { SESSIONS: 'cookie', WORKERS: '3' });
    await signIn(sample);
    for (let count = 1; count <= 3; count += 1) await press('count-1');
    expect(await column('counts')).toEqual(['1', '1', '1']);

    await press('expire-1');
    await press('kill-1');
    await press('count-1');
    expect(await textOf('counter')).toBe('4');
    expect((await column('renewals')).toSorted()).toEqual(['0', '0', '1']);

    const workers = await pids();
    const kept = (await context.cookies(sample.origin)).find(({ name }) => name === 'session')!;
    await page.getByTestId('sign-out').click();
    await page.locator('input[name=password]').waitFor();
    await context.addCookies([kept]);
    for (let visit = 0; visit < 3; visit += 1) {
      await page.goto(sample.origin);
      expect(await page.getByTestId('sign-in-acme').count()).toBe(1);
    }

    expect(workers.every(isRunning)).toBe(true);
    await sample.pressCtrlC();
    expect(await isGone(sample, workers)).toBe(true);
  });
});
