import { RpcException } from '@nestjs/microservices';
import { WsException } from '@nestjs/websockets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { notAuthenticated } from '../../../lib/errors/wristband.exception.js';
import { asContextError } from '../../../lib/http/context-error.js';

const error = notAuthenticated();

describe('the error for another kind of handler', () => {
  afterEach(() => {
    vi.doUnmock('@nestjs/websockets');
  });

  it.each([
    ['ws', WsException],
    ['rpc', RpcException],
  ])('is one whose content Nest tells, for %s', async (type, ContextError) => {
    const made = await asContextError(type, error);

    expect(made).toBeInstanceOf(ContextError);
    expect((made as WsException).getError()).toEqual(error.getResponse());
  });

  it.each(['http', 'graphql', 'telegram'])('stays what it is for %s', async (type) => {
    await expect(asContextError(type, error)).resolves.toBe(error);
  });

  it('stays what it is when the package cannot be loaded', async () => {
    vi.doMock('@nestjs/websockets', () => {
      throw new Error('not installed');
    });

    await expect(asContextError('ws', error)).resolves.toBe(error);
  });

  it('stays what it is when the package has no such class', async () => {
    vi.doMock('@nestjs/websockets', () => ({ WsException: undefined }));

    await expect(asContextError('ws', error)).resolves.toBe(error);
  });
});
