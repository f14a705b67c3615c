import type { SessionHooks } from '../../lib/session/session.js';

/** For a session that nobody keeps. */
export const SESSION_HOOKS: SessionHooks = {
  assertOwnSignIn() {},
  assertSeen() {},
  assertWritable() {},
  end() {},
  async update() {},
};
