import { type Browser, chromium } from 'playwright-core';
import { programOf } from './system-packages.js';

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

/**
 * A real browser without a window.
 *
 * @param hosts names that lead to this machine, beside those below localhost
 */
export function launchChromium(...hosts: string[]): Promise<Browser> {
  const rules = hosts.map((host) => `MAP ${host} 127.0.0.1`).join(',');
  return chromium.launch({
    executablePath: programOf('chromium'),
    args: [...ARGUMENTS, `--host-resolver-rules=${rules}`],
  });
}
