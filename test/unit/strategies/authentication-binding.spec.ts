import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { Authentication } from '../../../lib/index.js';
import { bindAuthentication, boundAuthentication } from '../../../lib/strategies/authentication-binding.js';

const as = (userId: string) => ({ user: { userId } }) as Authentication;

describe('what was found out about a request', () => {
  it('is kept apart for the fields of one GraphQL operation', () => {
    const request = { headers: {} } as IncomingMessage;
    const context = { type: 'graphql', request, isSocket: false } as const;
    const [first, second, unguarded] = [{}, {}, {}];

    bindAuthentication({ ...context, field: first }, as('by session'), undefined);
    bindAuthentication({ ...context, field: second }, as('by token'), undefined);

    expect(boundAuthentication({ ...context, field: first })?.user.userId).toBe('by session');
    expect(boundAuthentication({ ...context, field: second })?.user.userId).toBe('by token');
    expect(boundAuthentication({ ...context, field: unguarded })?.user.userId).toBe('by token');
  });
});
