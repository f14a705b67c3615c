import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** What the tests need beside npm's packages: each Debian package, with the names that its program may have. */
const PACKAGES = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  'redis-server': ['redis-server'],
} as const;

type SystemPackage = keyof typeof PACKAGES;

/** Runs once, before all tests: no two of them start apt-get at the same time. */
export function setup(): void {
  const missing = (Object.keys(PACKAGES) as SystemPackage[]).filter((name) => find(name) === undefined);
  if (missing.length === 0) return;
  if (canInstall()) install(missing);
  else process.stdout.write(`${howToInstall(missing)} Tests that need it will fail.\n`);
}

/**
 * The path of a package's program, which is installed first where that is possible and it is missing.
 *
 * @throws {Error} that says what to install
 */
export function programOf(name: SystemPackage): string {
  if (find(name) === undefined && canInstall()) install([name]);
  const path = find(name);
  if (path === undefined) throw new Error(howToInstall([name]));
  return path;
}

function find(name: SystemPackage): string | undefined {
  for (const program of PACKAGES[name]) {
    try {
      return execFileSync('which', [program], { encoding: 'utf8', stdio: 'pipe' }).trim();
    } catch {
      // The next name.
    }
  }
  return undefined;
}

function canInstall(): boolean {
  return existsSync('/etc/debian_version') && process.getuid?.() === 0;
}

function install(names: readonly SystemPackage[]): void {
  process.stdout.write(`Installing ${names.join(' and ')} with apt-get …\n`);
  try {
    aptGet('update');
    aptGet('install', '--yes', '--no-install-recommends', ...names);
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    process.stdout.write(`apt-get failed: ${stderr.trim()}\n${howToInstall(names)}\n`);
  }
}

/** Waits for another apt-get on this machine instead of failing at its lock. */
function aptGet(...args: readonly string[]): void {
  execFileSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
    encoding: 'utf8',
    stdio: 'pipe',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

function howToInstall(names: readonly SystemPackage[]): string {
  const all = names.join(' and ');
  return `The tests need ${all}. Install it (Debian and Ubuntu: sudo apt-get install ${names.join(' ')}).`;
}
