#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { processTerminal } from './terminal.js';

const HELP = `Usage: nestjs-wristband <command>

  init                      put a sign-in into the Nest application of this folder
    --module <path>         the file of its root module; default: app.module.ts in its source folder
    --yes, -y               answer every question with yes

  emulate -- <command …>    run a command with an embedded Wristband beside it
    --port <number>         the port of the emulator; default: 4000, or a free one
    --url <url>             where browsers reach the endpoints of the application;
                            default: http://localhost:3000/api/auth

    The command gets PORT: yours, from the environment or from .env, else 3000. With --url,
    which may be that of a proxy, it gets PORT only if you have set it.

  --help, -h                show this
  --version, -v             show the version
`;

const HELP_OPTION = { help: { type: 'boolean', short: 'h' } } as const;

/** A mistake on the command line. */
class UsageError extends Error {}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  const isUsage = error instanceof UsageError || String(Object(error).code).startsWith('ERR_PARSE_ARGS');
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `${message}\n${isUsage ? '\nnestjs-wristband --help lists commands and options.\n' : ''}`,
  );
  return isUsage ? 2 : 1;
});

async function main([command, ...args]: readonly string[]): Promise<number> {
  if (command === 'init') return runInit(args);
  if (command === 'emulate') return runEmulate(args);
  if (command === '--help' || command === '-h' || command === 'help') return showHelp();
  if (command === '--version' || command === '-v' || command === 'version') return showVersion();
  if (command === undefined) throw new UsageError('Name a command: init or emulate.');
  if (command.startsWith('-')) throw new UsageError(`Unknown option '${command}'.`);
  throw new UsageError(`There is no command ${command}. The commands are init and emulate.`);
}

function showVersion(): number {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  process.stdout.write(`${String(Object(manifest).version)}\n`);
  return 0;
}

function showHelp(): number {
  process.stdout.write(HELP);
  return 0;
}

async function runInit(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { ...HELP_OPTION, module: { type: 'string' }, yes: { type: 'boolean', short: 'y' } },
  });
  if (values.help) return showHelp();
  const { init } = await import('./init/init.command.js');
  return init(process.cwd(), values, processTerminal());
}

async function runEmulate(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { ...HELP_OPTION, port: { type: 'string' }, url: { type: 'string' } },
    allowPositionals: true,
  });
  if (values.help) return showHelp();
  const [file, ...rest] = positionals;
  if (file === undefined) throw new UsageError('Name the command to run: emulate -- npm start');
  const options = { port: values.port && readPort(values.port), url: values.url && readUrl(values.url) };
  const { emulate } = await import('./emulate/emulate.command.js');
  return emulate(
    [file, ...rest],
    { port: options.port || undefined, url: options.url || undefined },
    processTerminal(),
  );
}

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new UsageError(`--port must be a number from 1 to 65535, not ${text}.`);
}

function readUrl(text: string): string {
  if (/^https?:\/\/[^?#]+$/.test(text) && URL.canParse(text)) return text.replace(/\/+$/, '');
  throw new UsageError(`--url must be a URL, not ${text}.`);
}
