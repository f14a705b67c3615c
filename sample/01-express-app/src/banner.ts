import type { WristbandEmulator } from 'nestjs-wristband/testing';

export interface BannerFacts {
  readonly port: number;
  readonly emulator: WristbandEmulator | undefined;
  readonly hasOwnSecret: boolean;
}

/** Prints where to go next. */
export function printBanner({ port, emulator, hasOwnSecret }: BannerFacts): void {
  const lines = [
    'Order desk, a sample of nestjs-wristband',
    '',
    `Open        http://localhost:${port}`,
    ...(emulator ? aboutEmulator(emulator) : [`Wristband   ${process.env.APPLICATION_VANITY_DOMAIN}`]),
    ...(emulator || hasOwnSecret
      ? []
      : ['', 'SESSION_SECRET is not set: a random one is used, so a restart signs everybody out.']),
    '',
    emulator ? 'Ctrl-C stops both.' : 'Ctrl-C stops it.',
  ];
  process.stdout.write(`\n${lines.map((line) => (line ? `  ${line}` : '')).join('\n')}\n\n`);
}

function aboutEmulator({ origin, users }: WristbandEmulator): string[] {
  const rows = [
    ['E-mail', 'Password', 'Tenant', 'Role'],
    ...users.map(({ email, password, tenant, roles }) => [
      email,
      password,
      tenant,
      roles.map(({ displayName }) => displayName).join(', '),
    ]),
  ];
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + 3;
  return [
    `Wristband   ${origin} (an emulator: nothing leaves this machine)`,
    `Sign up     ${origin}/signup`,
    '',
    'Sign in as one of these:',
    '',
    ...rows.map((row) =>
      row
        .map((text, column) => text.padEnd(widthOf(column)))
        .join('')
        .trimEnd(),
    ),
  ];
}
