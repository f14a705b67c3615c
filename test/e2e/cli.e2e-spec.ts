import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { application } from '../support/nest-application.js';

const VERSION = `${(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version}\n`;

it.each([
  [['--help'], 0, 'Usage: nestjs-wristband <command>'],
  [['init', '--help'], 0, 'Usage: nestjs-wristband <command>'],
  [['--version'], 0, VERSION],
  [['-v'], 0, VERSION],
  [[], 2, 'Name a command: init or emulate.'],
  [['start'], 2, 'There is no command start. The commands are init and emulate.'],
  [['--verbose'], 2, "Unknown option '--verbose'."],
  [['init', '--force'], 2, "Unknown option '--force'"],
  [['emulate'], 2, 'Name the command to run'],
  [['emulate', '--port', '0', '--', 'node'], 2, '--port must be a number'],
  [['emulate', '--url', 'localhost', '--', 'node'], 2, '--url must be a URL'],
  [['emulate', '--', 'no-such-command'], 1, 'There is no command no-such-command.'],
  [['emulate', '--', 'node', '-e', 'process.exit(7)'], 7, 'Wristband  http://localhost:'],
])('answers %j', (args, exitCode, output) => {
  const app = application(12, { '.env': 'PORT=59999\n' });

  expect(app.cli(...args)).toEqual({ exitCode, output: expect.stringContaining(output) });
});

it('wants a PORT that can be one', () => {
  const app = application(12, { '.env': 'PORT=http\n' });

  const output = 'PORT must be a number from 1 to 65535, not http.\n';
  expect(app.cli('emulate', '--', 'node')).toEqual({ exitCode: 1, output });
});

it('does not start beside something that has its port', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const app = application(12, { '.env': `PORT=${port}\n` });

  expect(app.cli('emulate', '--', 'node')).toEqual({
    exitCode: 1,
    output:
      `Port ${port} is in use already. Stop what runs on localhost:${port}, for instance an earlier start of the application,\n` +
      `or give the application another port: PORT=${port + 1} npx nestjs-wristband emulate …\n`,
  });
  app.write('.env', 'PORT=59999\n');
  expect(app.cli('emulate', '--port', `${port}`, '--', 'node')).toEqual({
    exitCode: 1,
    output: `Port ${port}, which the emulator shall have, is in use already. Name another one with --port, or none: then a free one is found.\n`,
  });
});
