export { startWristbandEmulator } from './emulator/wristband.emulator.js';
export type { LogoutTokenOptions, WristbandEmulator } from './emulator/wristband-emulator.interface.js';
export type {
  EmulatorApplication,
  EmulatorRole,
  EmulatorTenant,
  EmulatorUser,
  ResolvedEmulatorTenant,
  ResolvedEmulatorUser,
  WristbandEmulatorOptions,
} from './emulator/emulator-options.interface.js';
export type {
  EmulatorCall,
  EmulatorEndpoint,
  EmulatorFault,
  EmulatorFaultScope,
  EmulatorJson,
  EmulatorTampering,
} from './emulator/emulator-fault.interface.js';
export type {
  SessionStoreConformanceOptions,
  SessionStoreConformanceTest,
} from './session-store/conformance-test.interface.js';
export { sessionStoreConformance } from './session-store/session-store.conformance.js';
export type {
  BrowserCookie,
  DescribedUser,
  SignedInUser,
  SignInAsOptions,
} from './sign-in/sign-in.interface.js';
export { signInAs } from './sign-in/sign-in-as.js';
export { signedInGuard, type SignedInGuardOptions } from './signed-in.guard.js';
