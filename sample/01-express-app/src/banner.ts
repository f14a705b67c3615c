import type { WristbandEmulator } from 'nestjs-wristband/testing';

export interface BannerFacts {
  readonly port: number;
  readonly emulator: WristbandEmulator | undefined;
  readonly hasOwnSecret: boolean;
}

/** Tells on the console where to go next. */
export function printBanner({ port, emulator, hasOwnSecret }: BannerFacts): void {
  const lines = [
    'Order desk, a sample of nestjs-wristband',
    '',
    `Open        http://localhost:${port}`,
    ...(emulator ? aboutEmulator(emulator) : [`Wristband   ${process.env.APPLICATION_VANITY_DOMAIN}`]),
    ...(hasOwnSecret
      ? []
      : ['', 'SESSION_SECRET is not set: a random one is used, so a restart signs everybody out.']),
    '',
    emulator ? 'Ctrl-C stops both.' : 'Ctrl-C stops it.',
  ];
  process.stdout.write(`\n${lines.map((line) => (line ? `  ${line}` : '')).join('\n')}\n\n`);
}

function aboutEmulator({ origin, users }: WristbandEmulator): string[] {
  const rows = [
    ['E-mail', 'Password', 'Tenant'],
    ...users.map((user) => [user.email, user.password, user.tenant]),
  ];
  const width = Math.max(...rows.map(([email = '']) => email.length)) + 3;
  return [
    `Wristband   ${origin} (an emulator: nothing leaves this machine)`,
    '',
    ...rows.map(
      ([email = '', password = '', tenant]) => `${email.padEnd(width)}${password.padEnd(11)}${tenant}`,
    ),
  ];
}
