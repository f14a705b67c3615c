import { startWristbandEmulator, type WristbandEmulator } from 'nestjs-wristband/testing';
import { isPortInUse } from './port-in-use.error.js';

const PREFERRED_PORT = 4000;

/** A Wristband on this machine, set up for tenant subdomains: acme.localhost, globex.localhost. */
export async function startEmulator(appPort: number): Promise<WristbandEmulator> {
  const application = {
    loginUrl: `http://{tenant_name}.localhost:${appPort}/api/auth/login`,
    redirectUris: [`http://{tenant_name}.localhost:${appPort}/api/auth/callback`],
    rootDomain: 'localhost',
  };
  try {
    return await startWristbandEmulator({ port: PREFERRED_PORT, application });
  } catch (error) {
    if (!isPortInUse(error)) throw error;
    return startWristbandEmulator({ application });
  }
}

/** What the application needs to know, in the variables that it reads anyway. */
export function emulatorEnvironment(emulator: WristbandEmulator, appPort: number): NodeJS.ProcessEnv {
  return {
    CLIENT_ID: emulator.clientId,
    CLIENT_SECRET: emulator.clientSecret,
    APPLICATION_VANITY_DOMAIN: emulator.vanityDomain,
    // Lets the library speak http with it.
    WRISTBAND_EMULATOR: emulator.origin,
    APP_URL: `http://localhost:${appPort}`,
    DEMO_TENANTS: emulator.tenants.map(({ name }) => name).join(','),
  };
}
