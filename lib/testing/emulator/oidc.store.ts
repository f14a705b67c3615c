import type { Adapter, AdapterPayload } from 'oidc-provider';

interface Entry {
  readonly payload: AdapterPayload;
  readonly expiresAt: number;
}

const TOKEN_KINDS = ['AccessToken', 'RefreshToken', 'AuthorizationCode', 'Grant'];

/**
 * Everything the provider remembers. It is the emulator's own so that a provider with another key set or client
 * can take over where the last one stopped.
 */
export class OidcStore {
  private readonly entries = new Map<string, Entry>();

  /** The stored form of a model, unless it is gone or expired. */
  find(kind: string, id: string): AdapterPayload | undefined {
    const key = `${kind}:${id}`;
    const entry = this.entries.get(key);
    if (entry && entry.expiresAt > Date.now()) return entry.payload;
    this.entries.delete(key);
    return undefined;
  }

  /** Ends all tokens, and the grants they hang on. */
  deleteTokens(): void {
    this.deleteWhere((key) => TOKEN_KINDS.some((kind) => key.startsWith(`${kind}:`)));
  }

  /** What the provider asks for, one per kind of model. */
  adapterFor(kind: string): Adapter {
    return {
      upsert: async (id, payload, expiresIn) => {
        const expiresAt = expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000;
        this.entries.set(`${kind}:${id}`, { payload, expiresAt });
      },
      find: async (id) => this.find(kind, id),
      findByUid: async (uid) => this.findWhere(kind, (payload) => payload.uid === uid),
      findByUserCode: async (userCode) => this.findWhere(kind, (payload) => payload.userCode === userCode),
      consume: async (id) => {
        const payload = this.find(kind, id);
        if (payload) payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => void this.entries.delete(`${kind}:${id}`),
      revokeByGrantId: async (grantId) =>
        this.deleteWhere((key, payload) => key.startsWith(`${kind}:`) && payload.grantId === grantId),
    };
  }

  private findWhere(kind: string, matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined {
    for (const [key, { payload, expiresAt }] of this.entries) {
      if (key.startsWith(`${kind}:`) && expiresAt > Date.now() && matches(payload)) return payload;
    }
    return undefined;
  }

  private deleteWhere(matches: (key: string, payload: AdapterPayload) => boolean): void {
    for (const [key, { payload }] of this.entries) {
      if (matches(key, payload)) this.entries.delete(key);
    }
  }
}
