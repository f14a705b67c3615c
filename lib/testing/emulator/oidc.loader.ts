type OidcModule = typeof import('oidc-provider');

let loading: Promise<OidcModule> | undefined;

/**
 * Loads the optional peer dependency.
 *
 * @throws Error when `oidc-provider` is not installed, or cannot be loaded
 */
export function loadOidcProvider(): Promise<OidcModule> {
  return (loading ??= importQuietly());
}

// The module greets older, still supported Node.js releases with a warning while it loads.
async function importQuietly(): Promise<OidcModule> {
  /* oxlint-disable no-console -- put back before anybody else's code runs on */
  const { warn } = console;
  console.warn = (...parts: unknown[]) => {
    if (!String(parts[0]).includes('oidc-provider WARNING')) warn(...parts);
  };
  try {
    return await import('oidc-provider');
  } catch (cause) {
    const whatToDo = isMissing(cause)
      ? 'npm install --save-dev oidc-provider'
      : `it is installed, but cannot be loaded. ${cause instanceof Error ? cause.message : ''}`;
    throw new Error(`The Wristband emulator needs the package oidc-provider: ${whatToDo}`, { cause });
  } finally {
    console.warn = warn;
    /* oxlint-enable no-console */
  }
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_MODULE_NOT_FOUND';
}
