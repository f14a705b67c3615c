import { Injectable } from '@nestjs/common';
import { WristbandEvents } from '../events/wristband-events.js';
import { SessionManager } from './session.manager.js';

/** Which sessions are ended. */
export interface RevocationOptions {
  /**
   * Only those that began before this time.
   * @default now
   */
  readonly begunBefore?: Date;
}

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
 */
@Injectable()
export class WristbandSessions {
  constructor(
    private readonly manager: SessionManager,
    private readonly events: WristbandEvents,
  ) {}

  /**
   * Ends one session.
   *
   * @param id `session.id`
   * @throws {WristbandException} `session_not_configured`, `session_store_unavailable`
   */
  async revokeSession(id: string): Promise<void> {
    await this.manager.keeper.revoke(id);
    this.events.emit({ type: 'session.revoked', by: 'session' });
  }

  /**
   * Ends every session of a user, or those that began before a certain time.
   *
   * @throws {WristbandException} `session_not_configured`, `session_store_unavailable`
   */
  async revokeUser(userId: string, options: RevocationOptions = {}): Promise<void> {
    await this.manager.keeper.revokeAll('userId', userId, limitOf(options));
    this.events.emit({ type: 'session.revoked', by: 'user', userId });
  }

  /**
   * Ends every session of a tenant, or those that began before a certain time.
   *
   * @throws {WristbandException} `session_not_configured`, `session_store_unavailable`
   */
  async revokeTenant(tenantId: string, options: RevocationOptions = {}): Promise<void> {
    await this.manager.keeper.revokeAll('tenantId', tenantId, limitOf(options));
    this.events.emit({ type: 'session.revoked', by: 'tenant', tenantId });
  }
}

/** Seconds since the epoch; the moment itself is not before it. */
function limitOf({ begunBefore }: RevocationOptions): number | undefined {
  return begunBefore && begunBefore.getTime() / 1000 - 0.001;
}
