import type { IncomingMessage } from 'node:http';
import { UseGuards } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  type OnGatewayConnection,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import {
  AccessToken,
  type AccessTokenClaims,
  AuthStrategies,
  CurrentUser,
  Jwt,
  OptionalAuth,
  Public,
  Roles,
  RolesGuard,
  Session,
  WristbandAuthGuard,
  WristbandAuthService,
  WristbandException,
} from '../../lib/index.js';
import type { CounterSession } from './counter.controller.js';

/** A socket of `ws` or of socket.io. */
export interface AnySocket {
  close?(code: number, reason: string): void;
  disconnect?(close: boolean): void;
  emit(event: string, data: unknown): unknown;
}

/** Milliseconds. Clients of socket.io hang up when their clock jumps over the time of a ping. */
const DAY = 86_400_000;

/** What every gateway of the tests answers to. */
@UseGuards(WristbandAuthGuard, RolesGuard)
@AuthStrategies('SESSION', 'JWT')
class Messages {
  @SubscribeMessage('me')
  me(@CurrentUser('userId') userId: string, @AccessToken() accessToken: string) {
    return { event: 'me', data: { userId, accessToken } };
  }

  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown) {
    return { event: 'echo', data: data ?? null };
  }

  @SubscribeMessage('read')
  read(@Session() session: Session<CounterSession>, @Session('tenantName') tenantName: string) {
    return { event: 'read', data: { tenantName, userId: session.get('userId'), count: session.count ?? 0 } };
  }

  @SubscribeMessage('write')
  write(@Session() session: Session<CounterSession>, @MessageBody() how: string) {
    const writers: Record<string, () => unknown> = {
      assign: () => (session.count = 1),
      set: () => session.set('count', 1),
      remove: () => delete session.userId,
      clear: () => session.clear(),
      save: () => session.save(),
    };
    try {
      writers[how]?.();
    } catch (error) {
      return {
        event: 'write',
        data: error instanceof WristbandException ? error.getResponse() : String(error),
      };
    }
    return { event: 'write', data: 'written' };
  }

  @SubscribeMessage('token')
  @AuthStrategies('JWT')
  token(@Jwt() claims: AccessTokenClaims) {
    return { event: 'token', data: claims.sub };
  }

  @SubscribeMessage('bills')
  @Roles(['app:billing:admin'])
  bills() {
    return { event: 'bills', data: 'many' };
  }

  @SubscribeMessage('visitor')
  @OptionalAuth()
  visitor(@CurrentUser('userId') userId: string | undefined) {
    return { event: 'visitor', data: userId ?? 'a visitor' };
  }

  @SubscribeMessage('open')
  @Public()
  open(@ConnectedSocket() _client: object) {
    return { event: 'open', data: 'open' };
  }
}

/** Asks at the door who comes, as the README says. */
@WebSocketGateway({ path: '/guarded', pingInterval: DAY })
export class GuardedGateway extends Messages implements OnGatewayConnection {
  constructor(private readonly wristband: WristbandAuthService) {
    super();
  }

  async handleConnection(client: AnySocket, request?: IncomingMessage): Promise<void> {
    try {
      await this.wristband.authenticateSocket(client, request);
    } catch (error) {
      const code = error instanceof WristbandException ? error.code : String(error);
      if (client.disconnect) {
        client.emit('refused', code);
        client.disconnect(true);
      } else client.close?.(4401, code);
    }
  }
}

/** Asks at the door who comes, and then only for roles. */
@UseGuards(RolesGuard)
@WebSocketGateway({ path: '/roles', pingInterval: DAY })
export class RolesGateway implements OnGatewayConnection {
  constructor(private readonly wristband: WristbandAuthService) {}

  async handleConnection(client: AnySocket, request?: IncomingMessage): Promise<void> {
    await this.wristband.authenticateSocket(client, request).catch(() => undefined);
  }

  @SubscribeMessage('bills')
  @Roles(['app:billing:admin'])
  bills() {
    return { event: 'bills', data: 'many' };
  }
}

/** Lets everybody in and has only its guards. */
@WebSocketGateway({ path: '/open', pingInterval: DAY })
export class OpenGateway extends Messages {}
