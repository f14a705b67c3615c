import { routesPath, type Style } from './style.interface.js';

const VARIABLES: Readonly<Record<'example' | 'test', readonly (readonly [string, string])[]>> = {
  example: [
    ['CLIENT_ID', ''],
    ['CLIENT_SECRET', ''],
    ['APPLICATION_VANITY_DOMAIN', 'myapp-mycompany.us.wristband.dev'],
    ['SESSION_SECRET', ''],
  ],
  test: [
    ['CLIENT_ID', 'client-of-tests'],
    ['CLIENT_SECRET', 'client-secret-of-tests-with-32-characters'],
    ['APPLICATION_VANITY_DOMAIN', 'localhost'],
    ['SESSION_SECRET', 'session-secret-of-tests-with-32-characters'],
  ],
};

/**
 * Adds to a file of variables what is missing.
 *
 * @param text what the file holds; undefined when there is none
 */
export function variablesFile(text: string | undefined, kind: 'example' | 'test', style: Style): string {
  const isThere = (name: string): boolean =>
    new RegExp(`^\\s*(export\\s+)?${name}\\s*=`, 'm').test(text ?? '');
  const missing = VARIABLES[kind].filter(([name]) => !isThere(name));
  if (missing.length === 0) return text ?? '';
  const endpoints = `http://localhost:3000${style.prefix}/${routesPath(style)}`;
  const comment =
    kind === 'test'
      ? ['# Read in tests, instead of .env. Nothing in here is secret.']
      : [
          '# Copy this file to .env. The first three are from the Wristband dashboard, where you also register',
          `# the Login URL ${endpoints}/login and the Redirect URL ${endpoints}/callback`,
          '# SESSION_SECRET seals the cookies. Make one with: openssl rand -base64 32',
        ];
  const block = [...comment, ...missing.map(([name, value]) => `${name}=${value}`), ''].join('\n');
  return text ? `${text.replace(/\n*$/, '\n\n')}${block}` : block;
}
