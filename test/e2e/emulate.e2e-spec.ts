import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { emulate, type Emulation, startEmulate } from '../support/emulate.js';
import { freePort } from '../support/free-port.js';
import { application, NestApplication } from '../support/nest-application.js';

/** An application of one file: responds with a status on a port, and writes its process ID. */
const server = (port: string, status = 302) => `
const server = require('node:http').createServer((_request, response) => {
  response.statusCode = ${status};
  response.end();
});
server.listen(${port}, '127.0.0.1', () => console.log('process', process.pid, 'listens'));
`;

/** An application that does not listen on PORT, as with `cross-env PORT=…` in a script, until it receives SIGUSR2. */
const elsewhere = `${server('0')}
  process.once('SIGUSR2', () => {${server('process.env.PORT').replaceAll('server', 'second')}});`;

/** Started before all other tests, because its hint takes ten seconds. */
let silent: Emulation;
let silentPort: number;
let silentFolder: NestApplication;
beforeAll(async () => {
  silentPort = await freePort();
  silentFolder = new NestApplication(12, { 'app.cjs': elsewhere });
  silent = startEmulate(silentFolder.folder, ['--', 'node', 'app.cjs'], { PORT: `${silentPort}` });
});
afterAll(async () => {
  await silent.stop();
  silentFolder.remove();
});

const folderWith = (files: Record<string, string> = {}) =>
  application(12, { 'package.json': '{}', 'app.cjs': server('process.env.PORT'), ...files }).folder;

/** Whether a process runs. One that has ended but was not waited for does not. */
const isRunning = (pid: number) => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !existsSync(`/proc/${pid}`) || !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
};

describe('PORT of the command', () => {
  const print = ['--', 'node', '-e', 'console.log(`PORT is ${process.env.PORT}.`)'];

  it.each<[string, string[], Record<string, string>, string]>([
    [
      'is not set where a URL is given, which may be that of a proxy',
      ['--url', 'http://localhost:%/api/auth'],
      {},
      'undefined',
    ],
    [
      'is that of the environment, with a URL',
      ['--url', 'http://localhost:%/api/auth'],
      { PORT: '59998' },
      '59998',
    ],
    ['is that of the environment, without a URL', [], { PORT: '59998' }, '59998'],
  ])('%s', async (_, args, env, port) => {
    const free = String(await freePort());
    const run = emulate(folderWith(), [...args.map((arg) => arg.replace('%', free)), ...print], env);

    expect(await run.ended()).toBe(0);
    expect(run.output()).toContain(`PORT is ${port}.`);
  });

  it('is that of .env', async () => {
    const run = emulate(folderWith({ '.env': 'PORT=59997\n' }), print);

    expect(await run.ended()).toBe(0);
    expect(run.output()).toContain('PORT is 59997.');
  });
});

describe('what emulate prints', () => {
  it('has the users at once, and the address once the application responds there', async () => {
    const port = await freePort();
    const late = `setInterval(() => undefined, 1000); process.once('SIGUSR2', () => {${server('process.env.PORT')}});
      console.log('process', process.pid, 'waits');`;
    const run = emulate(folderWith({ 'app.cjs': late }), ['--', 'node', 'app.cjs'], { PORT: `${port}` });
    await run.printed('waits');
    const before = run.output();
    process.kill(Number(/process (\d+) waits/.exec(before)?.[1]), 'SIGUSR2');
    await run.printed('Sign in');

    expect(before).toMatch(/Wristband {2}http:\/\/localhost:\d+ \(an emulator/);
    expect(before).toMatch(/ada@example\.com +password +acme/);
    expect(before).toContain(`PORT=${port}`);
    expect(before).not.toContain('/api/auth/login');
    const after = run.output().slice(before.length);
    expect(after).toContain(`Sign in    http://localhost:${port}/api/auth/login\n`);
    expect(after).toMatch(/ada@example\.com +password +acme/);
  });

  it('says that a Login Endpoint is elsewhere', async () => {
    const port = await freePort();
    const folder = folderWith({ 'app.cjs': server('process.env.PORT', 404) });
    const run = emulate(folder, ['--', 'node', 'app.cjs'], { PORT: `${port}` });

    await run.printed('responds with 404');
    expect(run.output()).toContain('--url');
  });

  it('waits for the application behind a proxy that runs already', async () => {
    let status = 502;
    const proxy = createServer((_request, response) => response.writeHead(status).end()).listen(
      0,
      '127.0.0.1',
    );
    onTestFinished(() => void proxy.close());
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const folder = folderWith({ 'app.cjs': server('0') });
    const run = emulate(folder, ['--url', `http://localhost:${port}/api/auth`, '--', 'node', 'app.cjs']);
    await run.printed('listens');

    expect(run.output()).toContain(`Something runs on localhost:${port} already.`);
    expect(run.output()).not.toContain('Sign in');
    status = 302;
    await run.printed(`Sign in    http://localhost:${port}/api/auth/login`);
  });

  it('names the exit code of an application that fails at start', async () => {
    const port = await freePort();
    const folder = folderWith({ 'app.cjs': 'throw new Error("no database")' });
    const run = emulate(folder, ['--', 'node', 'app.cjs'], { PORT: `${port}` });

    expect(await run.ended()).toBe(1);
    expect(run.output()).toContain(
      `node app.cjs ended with exit code 1 before anything listened on localhost:${port}.`,
    );
    expect(run.output()).not.toContain('Sign in');
  });

  it('names the exit code of an application that fails later', async () => {
    const port = await freePort();
    const app = `${server('process.env.PORT')}process.once('SIGUSR2', () => process.exit(9));`;
    const run = emulate(folderWith({ 'app.cjs': app }), ['--', 'node', 'app.cjs'], { PORT: `${port}` });
    await run.printed('Sign in');
    process.kill(Number(/process (\d+) listens/.exec(run.output())?.[1]), 'SIGUSR2');

    expect(await run.ended()).toBe(9);
    expect(run.output()).toContain('node app.cjs ended with exit code 9.');
  });
});

describe.skipIf(process.platform === 'win32')('the end of emulate', () => {
  /** As `nest start --watch` in a script of npm: npm, a shell, a watcher and the application. */
  const watched = (app: string) => ({
    'package.json': JSON.stringify({ scripts: { 'start:dev': 'node watch.cjs && true' } }),
    'watch.cjs': `
      require('node:child_process').spawn(process.execPath, ['app.cjs'], { stdio: 'inherit' });
      console.log('process', process.pid, 'watches');
      setInterval(() => undefined, 1000);`,
    'app.cjs': app,
  });
  const graceful = `${server('process.env.PORT')}
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.once(signal, () => server.close(() => { console.log('closed by', signal); process.exit(0); }));
    }`;
  const stubborn = `${server('process.env.PORT')}
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);`;
  const processesOf = (output: string) =>
    [...output.matchAll(/process (\d+) /g)].map(([, pid]) => Number(pid));

  it.each<[NodeJS.Signals, number]>([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ])('ends every process of an npm script on %s', async (signal, exitCode) => {
    const port = await freePort();
    const run = emulate(folderWith(watched(graceful)), ['--', 'npm', 'run', 'start:dev'], {
      PORT: `${port}`,
    });
    await run.printed('Sign in');
    run.process.kill(signal);

    expect([exitCode, 0]).toContain(await run.ended());
    expect(run.output()).toContain(`closed by ${signal}`);
    const pids = processesOf(run.output());
    expect(pids).toHaveLength(2);
    expect(pids.filter(isRunning)).toEqual([]);
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow('fetch failed');
    const [, emulatorPort] = /Wristband {2}http:\/\/localhost:(\d+)/.exec(run.output()) ?? [];
    await expect(fetch(`http://127.0.0.1:${emulatorPort}`)).rejects.toThrow('fetch failed');
  });

  it('kills an application that does not end', async () => {
    const port = await freePort();
    const run = emulate(folderWith(watched(stubborn)), ['--', 'npm', 'run', 'start:dev'], {
      PORT: `${port}`,
    });
    await run.printed('Sign in');
    run.process.kill('SIGTERM');

    expect(await run.ended()).not.toBeNull();
    expect(processesOf(run.output()).filter(isRunning)).toEqual([]);
  });

  it('ends what a command leaves behind', async () => {
    const port = await freePort();
    const up = `server.once('listening', () => require('node:fs').writeFileSync('up', ''));`;
    const folder = folderWith({ 'app.cjs': graceful + up });
    // Ends once the application has written its file.
    const script = 'node app.cjs & while [ ! -e up ]; do sleep 0.1; done; exit 3';
    const run = emulate(folder, ['--', 'sh', '-c', script], { PORT: `${port}` });

    expect(await run.ended()).toBe(3);
    expect(processesOf(run.output()).filter(isRunning)).toEqual([]);
  });

  it('leaves no process where its own output is closed', async () => {
    const port = await freePort();
    const run = emulate(folderWith(watched(graceful)), ['--', 'npm', 'run', 'start:dev'], {
      PORT: `${port}`,
    });
    await run.printed('Sign in');
    const pids = processesOf(run.output());
    run.process.stdout?.destroy();
    run.process.kill('SIGTERM');
    await once(run.process, 'exit');

    await expect.poll(() => pids.filter(isRunning)).toEqual([]);
  });
});

it('names what to check where nothing listens, and then the address', async () => {
  await silent.printed(`Nothing listens on localhost:${silentPort} yet`);

  const before = silent.output();
  expect(before).toContain(`process.env.PORT, which is ${silentPort}`);
  expect(before).toContain('process.env.port');
  expect(before).toContain('cross-env PORT=');
  expect(before).not.toContain('Sign in');
  process.kill(Number(/process (\d+) listens/.exec(before)?.[1]), 'SIGUSR2');
  await silent.printed(`Sign in    http://localhost:${silentPort}/api/auth/login`);
});
