import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { Authentication } from '../../../lib/index.js';
import { bindUser, identityOf, userOfApplication } from '../../../lib/session/request-identity.js';

const as = (userId: string) => ({ strategy: 'JWT', user: { userId } }) as Authentication;
const scope = () => ({ request: { headers: {} } as IncomingMessage });

describe('the identity of a request', () => {
  it('is kept apart for the fields of one GraphQL operation that belong to different applications', () => {
    const context = scope();
    const [first, second, unguarded] = [{}, {}, {}];

    bindUser({ ...context, field: first }, undefined, undefined, as('customer'));
    bindUser({ ...context, field: second }, 'staff', undefined, as('colleague'));

    const userAt = (field: object) => identityOf({ ...context, field })?.authentication?.user.userId;
    expect([first, second, unguarded].map(userAt)).toEqual(['customer', 'colleague', 'colleague']);
    expect(userOfApplication(context, undefined)?.user.userId).toBe('customer');
  });

  it('is that of one user in each application, also for the fields of one GraphQL operation', () => {
    const context = scope();
    bindUser({ ...context, field: {} }, undefined, undefined, as('ada'));

    expect(() => bindUser({ ...context, field: {} }, undefined, undefined, as('grace'))).toThrow(
      'belong to different users',
    );
    expect(identityOf(context)?.authentication?.user.userId).toBe('ada');
  });
});
