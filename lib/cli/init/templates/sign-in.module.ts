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
        const settings = readSettings();
        return {
          clientId: settings.CLIENT_ID,
          clientSecret: settings.CLIENT_SECRET,
          wristbandApplicationVanityDomain: settings.APPLICATION_VANITY_DOMAIN,
          session: { secrets: settings.SESSION_SECRET },
          hooks: { landingUrl: '${style.prefix}/profile' },
          redirectPagesToLogin: true,
        };
      },
      routes: { path: '${routesPath(style)}' },
    }),
  ],
  controllers: [ProfileController],
})
export class SignInModule {}
${SETTINGS}`;
}

const SETTINGS = `
/** From the environment, else from the file .env, or .env.test in tests. */
function readSettings() {
  const file = process.env.NODE_ENV === 'test' ? '.env.test' : '.env';
  const inFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  const settings = {
    CLIENT_ID: '',
    CLIENT_SECRET: '',
    APPLICATION_VANITY_DOMAIN: '',
    SESSION_SECRET: '',
  };
  const names = Object.keys(settings) as (keyof typeof settings)[];
  for (const name of names) {
    settings[name] = process.env[name] || inFile[name] || '';
  }
  const missing = names.filter((name) => !settings[name]);
  if (missing.length > 0) {
    throw new Error(
      \`Neither the environment nor \${file} has \${missing.join(', ')}: see .env.example.\\n\` +
        'No account yet? An emulator needs none of them: npx nestjs-wristband emulate -- npm run start:dev',
    );
  }
  return settings;
}
`;
