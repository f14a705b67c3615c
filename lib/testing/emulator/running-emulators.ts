import type { EmulatorState } from './emulator.state.js';

/** The emulators of this process by their vanity domain, which is how an application finds its own. */
export const runningEmulators = new Map<string, EmulatorState>();
