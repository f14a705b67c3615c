import type { WristbandEmulator } from 'nestjs-wristband/testing';
import type { Settings } from './settings.js';

export interface BannerFacts {
  readonly origin: string;
  readonly settings: Settings;
  readonly emulator: WristbandEmulator;
  readonly redisUrl: string;
}

/** Tells on the console where to go next. */
export function printBanner({ origin, settings, emulator, redisUrl }: BannerFacts): void {
  const sessions = settings.sessions === 'store' ? 'in Redis' : 'in cookies, coordinated by Redis';
  const lines = [
    'One application in several processes, a sample of nestjs-wristband',
    '',
    `Open        ${origin}`,
    `Processes   ${settings.workers}, each request goes to the next one`,
    `Sessions    ${sessions}`,
    `Redis       ${redisUrl}`,
    `Wristband   ${emulator.origin} (an emulator: nothing leaves this machine)`,
    '',
    ...emulator.users.map(
      ({ email, password, tenant }) => `${tenant.padEnd(9)}${email.padEnd(23)}password: ${password}`,
    ),
    '',
    'Ctrl-C stops everything.',
  ];
  process.stdout.write(`\n${lines.map((line) => (line ? `  ${line}` : '')).join('\n')}\n\n`);
}
