import { routesPath, type Style } from './style.interface.js';

/** The module that configures the sign-in. */
export function signInModule(style: Style): string {
  return `import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { Module } from '@nestjs/common';
import { WristbandModule } from 'nestjs-wristband';
import { ProfileController } from './profile.controller${style.extension}';

@Module({
  imports: [
    WristbandModule.forRootAsync({
      useFactory: () => {
        const domain = setting('APPLICATION_VANITY_DOMAIN');
        // The emulator speaks http, to which Safari sends no Secure cookies.
        const isEmulator = /^localhost(:\\d+)?$/.test(domain);
        return {
          clientId: setting('CLIENT_ID'),
          clientSecret: setting('CLIENT_SECRET'),
          wristbandApplicationVanityDomain: domain,
          session: { secrets: setting('SESSION_SECRET'), secure: !isEmulator },
          hooks: { landingUrl: '${style.prefix}/profile' },
          redirectPagesToLogin: true,
          dangerouslyAllowInsecureRequests: isEmulator,
          dangerouslyDisableSecureCookies: isEmulator,
        };
      },
      routes: { path: '${routesPath(style)}' },
    }),
  ],
  controllers: [ProfileController],
})
export class SignInModule {}
${SETTING}`;
}

const SETTING = `
/** From the environment, else from the file .env, or .env.test in tests. */
function setting(name: string): string {
  const file = process.env.NODE_ENV === 'test' ? '.env.test' : '.env';
  const inFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  const value = process.env[name] || inFile[name];
  if (value) return value;
  throw new Error(
    \`\${name} is neither in the environment nor in \${file}, see .env.example.\`,
  );
}
`;
