import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Before all tests, once: installs Debian's Chromium where that can be done and none is there. */
export function setup(): void {
  const isDebianRoot = existsSync('/etc/debian_version') && process.getuid?.() === 0;
  if (installedChromium() !== undefined || !isDebianRoot) return;
  process.stdout.write('Installing Chromium for the browser tests …\n');
  execFileSync('apt-get', ['update'], { stdio: 'pipe' });
  execFileSync('apt-get', ['install', '--yes', '--no-install-recommends', 'chromium'], { stdio: 'pipe' });
}

/**
 * A real browser without a window.
 *
 * @param hosts names that lead to this machine, beside those below localhost
 */
export function launchChromium(...hosts: string[]): Promise<Browser> {
  const executablePath = installedChromium();
  if (executablePath === undefined) {
    throw new Error(
      'The browser tests need Chromium. Install it (Debian and Ubuntu: sudo apt-get install chromium).',
    );
  }
  const rules = hosts.map((host) => `MAP ${host} 127.0.0.1`).join(',');
  return chromium.launch({ executablePath, args: [...ARGUMENTS, `--host-resolver-rules=${rules}`] });
}

function installedChromium(): string | undefined {
  for (const name of NAMES) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: 'pipe' }).trim();
    } catch {
      // The next name.
    }
  }
  return undefined;
}
