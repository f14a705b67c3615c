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

/** A real browser without a window. Installs Debian's Chromium when that can be done, else says what to do. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: installedChromium() ?? installChromium(), args: ARGUMENTS });
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

function installChromium(): string {
  const isDebianRoot = existsSync('/etc/debian_version') && process.getuid?.() === 0;
  if (!isDebianRoot) {
    throw new Error(
      'The browser tests need Chromium. Install it (Debian and Ubuntu: sudo apt-get install chromium).',
    );
  }
  execFileSync('apt-get', ['update'], { stdio: 'pipe' });
  execFileSync('apt-get', ['install', '--yes', '--no-install-recommends', 'chromium'], { stdio: 'pipe' });
  const path = installedChromium();
  if (path === undefined) throw new Error('apt-get installed chromium, but it cannot be found.');
  return path;
}
