import type { WristbandException } from '../../errors/wristband.exception.js';
import type { TokenData } from '../../interfaces/auth-flow.interface.js';
import type { HttpRequest } from '../../interfaces/http.interface.js';
import type { SessionOwner } from '../ended-sessions.js';
import type { ReceivedSession } from '../received-session.js';
import type { OpenSession, Snapshot } from '../session-snapshot.js';
import type { FieldsChange, StoredSession } from '../session.js';

/** What a request brought. */
export type FoundSession = Omit<OpenSession, 'session'>;

/** What became of a session in the store. */
export interface Commit {
  readonly cookies: readonly string[];
  /** The session as it is kept from now on; what is changed later is compared with it. */
  readonly received: ReceivedSession | undefined;
}

/** What a response has to say about a session: cookies to set, or why that cannot be. */
export interface Decision {
  readonly snapshot: Snapshot;
  readonly cookies: readonly string[];
  /** What is sealed in the cookies. */
  readonly sealedJson?: string;
  readonly error?: WristbandException;
  /**
   * What has to be done before the response may begin; its cookies are then known. Absent when there is nothing to do.
   *
   * @throws {WristbandException} `session_store_unavailable`
   */
  readonly commit?: () => Promise<Commit>;
  /** Nothing is lost when {@link commit} fails. */
  readonly isRenewal?: boolean;
}

/** Spends a refresh token. */
export type TokenExchange = (refreshToken: string) => Promise<TokenData>;

/** Tokens that took the place of those of a session. */
export interface RenewedTokens {
  readonly tokens: TokenData;
  /** Whether they are kept already. */
  readonly isKept: boolean;
}

/** Knows where sessions are kept: in their cookies, or in a store. */
export interface SessionKeeper {
  /** Whether a session takes time to find and to write. */
  readonly isAsync: boolean;
  /** The session of a request, of which it is not known whether there is one. */
  find(request: HttpRequest): FoundSession | Promise<FoundSession>;
  /** Decides what a response writes: nothing, the same again because that is due, what changed, or the end. */
  decide(opened: OpenSession, known?: Decision): Decision;
  /** A session was ended by its own request. */
  end(received: ReceivedSession): void;
  /**
   * Makes a change to the newest version of a session and keeps that at once; absent where there is no newer version.
   *
   * @param known the session as the request has it now: what it changed so far is kept as well
   * @returns the session as it is kept now, or `undefined` when it was ended meanwhile
   */
  update?(
    received: ReceivedSession,
    known: StoredSession,
    change: FieldsChange,
  ): Promise<ReceivedSession | undefined>;
  /** Has the tokens of a session exchanged by one process only; absent where no other process knows of it. */
  renewTokens?(received: ReceivedSession, exchange: TokenExchange): Promise<RenewedTokens>;
  /** Ends a session from outside of its requests. */
  revoke(id: string): Promise<void>;
  /**
   * Ends every session of a user, a tenant or a session at Wristband.
   *
   * @param until seconds since the epoch: what began later stays
   * @default now
   */
  revokeAll(owner: SessionOwner, value: string, until?: number): Promise<void>;
}
