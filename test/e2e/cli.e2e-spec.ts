import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { application } from '../support/nest-application.js';

it.each([
  [['--help'], 0, 'Usage: nestjs-wristband <command>'],
  [['init', '--help'], 0, 'Usage: nestjs-wristband <command>'],
  [[], 2, 'Name a command.'],
  [['start'], 2, 'There is no command start.'],
  [['init', '--force'], 2, "Unknown option '--force'"],
  [['emulate'], 2, 'Name the command to run'],
  [['emulate', '--port', '0', '--', 'node'], 2, '--port must be a number'],
  [['emulate', '--url', 'localhost', '--', 'node'], 2, '--url must be a URL'],
  [['emulate', '--', 'no-such-command'], 1, 'There is no command no-such-command.'],
  [['emulate', '--', 'node', '-e', 'process.exit(7)'], 7, 'A Wristband runs on http://localhost:'],
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
    output: `Something runs on localhost:${port} already. PORT gives the application another port.\n`,
  });
  app.write('.env', 'PORT=59999\n');
  expect(app.cli('emulate', '--port', `${port}`, '--', 'node')).toEqual({
    exitCode: 1,
    output: `Port ${port} is in use.\n`,
  });
});
