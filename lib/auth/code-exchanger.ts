import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { TokenAnswer } from '../wristband-api/answer-shapes.js';
import { SharedAnswers } from '../wristband-api/shared-answers.js';
import { type CodeGrant, WristbandClient } from '../wristband-api/wristband-client.js';

/**
 * Exchanges an authorization code once. The tokens are remembered until the sign-in is complete, at most a minute: when
 * a later step fails because of an outage, a reload of the callback page goes on with them, for a second exchange of
 * the code would be refused and may cost the user the tokens of the first.
 */
@Injectable()
export class CodeExchanger {
  readonly #exchanges = new SharedAnswers<TokenAnswer>({ max: 1000, ttl: 60_000 });

  constructor(private readonly client: WristbandClient) {}

  exchange(grant: CodeGrant): Promise<TokenAnswer> {
    return this.#exchanges.get(keyOf(grant), () => this.client.exchangeCode(grant));
  }

  forget(grant: CodeGrant): void {
    this.#exchanges.forget(keyOf(grant));
  }
}

/** The verifier is part of the key: only the browser that began the sign-in can come back for the tokens. */
function keyOf({ code, codeVerifier }: CodeGrant): string {
  return createHash('sha256').update(`${codeVerifier}\n${code}`).digest('base64url');
}
