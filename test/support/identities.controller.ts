import { Controller, Get, Post, Req, UseGuards } from '@nestjs/common';
import {
  AccessToken,
  AuthStrategies,
  CurrentUser,
  Jwt,
  JwtAuthGuard,
  OptionalAuth,
  Public,
  Session,
  SessionAuthGuard,
} from '../../lib/index.js';

interface Note {
  note?: string;
}
type WithSession = { session?: { userId?: string } };

/** Responds with the ID of the user that each thing a handler is given belongs to. */
@Controller('identities')
@UseGuards(SessionAuthGuard, JwtAuthGuard)
export class IdentitiesController {
  @Post('session-first')
  @AuthStrategies('SESSION', 'JWT')
  sessionFirst(...given: Given) {
    return usersOf(...given);
  }

  @Post('token-first')
  @AuthStrategies('JWT', 'SESSION')
  tokenFirst(...given: Given) {
    return usersOf(...given);
  }

  @Post('token')
  @AuthStrategies('JWT')
  token(...given: Given) {
    return usersOf(...given);
  }

  @Post('both')
  both(...given: Given) {
    return usersOf(...given);
  }

  @Post('optional')
  @AuthStrategies('JWT', 'SESSION')
  @OptionalAuth()
  optional(...given: Given) {
    return usersOf(...given);
  }

  @Get('note')
  @AuthStrategies('SESSION')
  note(@Session('note') note: string | undefined) {
    return { note };
  }

  @Get('open')
  @Public()
  open(@CurrentUser('userId') userId: string | undefined) {
    return { userId };
  }
}

type Given = [
  session: Session<Note>,
  user: string | undefined,
  accessToken: string | undefined,
  subject: string | undefined,
  request: WithSession,
];

function usersOf(...[session, user, accessToken, subject, request]: Given) {
  session.note = `written for ${user}`;
  return {
    user,
    session: session.userId,
    ofRequest: request.session?.userId,
    subject,
    accessToken,
  };
}

for (const name of ['sessionFirst', 'tokenFirst', 'token', 'both', 'optional']) {
  const decorators = [Session(), CurrentUser('userId'), AccessToken(), Jwt('sub'), Req()];
  decorators.forEach((decorate, index) => decorate(IdentitiesController.prototype, name, index));
}
