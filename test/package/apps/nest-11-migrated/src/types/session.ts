import type { UserInfoRole, WristbandHooks } from 'nestjs-wristband';

/** Beside the fields that `wristband.config.ts` declares. */
declare module 'nestjs-wristband' {
  interface SessionData {
    visits?: number;
    userRoles?: UserInfoRole[];
  }
}

/** Fields that are declared have their types in hooks. */
export const sessionMetadata: WristbandHooks['sessionMetadata'] = ({ email, roles, userRoles }) => ({
  email: email?.toLowerCase(),
  roles: roles?.map((name) => name.toUpperCase()),
  roleIds: userRoles?.map(({ id }) => id),
});
