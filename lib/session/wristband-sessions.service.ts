import { Injectable } from '@nestjs/common';
import { SessionManager } from './session.manager.js';

/**
 * Ends sessions from outside of their requests: when a user is locked out, changes the password, or leaves. Their cookies
 * open no more from then on; whoever signs in again gets a new session. With a store that holds for all processes that share
 * it, otherwise for this one, which remembers it.
 *
 * @example
 * ```ts
 * constructor(private readonly sessions: WristbandSessions) {}
 *
 * async lockOut(userId: string) {
 *   await this.sessions.revokeUser(userId);
 * }
 * ```
 * @publicApi
 */
@Injectable()
export class WristbandSessions {
  constructor(private readonly manager: SessionManager) {}

  /**
   * Ends one session.
   *
   * @param id `session.id`
   * @throws {WristbandException} `session_not_configured`, `session_store_unavailable`
   */
  async revokeSession(id: string): Promise<void> {
    await this.manager.keeper.revoke(id);
  }

  /**
   * Ends every session of a user.
   *
   * @throws {WristbandException} `session_not_configured`, `session_store_unavailable`
   */
  async revokeUser(userId: string): Promise<void> {
    await this.manager.keeper.revokeAll('userId', userId);
  }

  /**
   * Ends every session of a tenant.
   *
   * @throws {WristbandException} `session_not_configured`, `session_store_unavailable`
   */
  async revokeTenant(tenantId: string): Promise<void> {
    await this.manager.keeper.revokeAll('tenantId', tenantId);
  }
}
