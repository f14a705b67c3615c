import type { ResolvedOptions } from '../config/resolved-options.js';
import { type Scheme, schemeName } from './security-requirements.js';

/** The schemas that the responses of {@link refusal} refer to. */
export const ERROR_SCHEMAS = {
  WristbandError: {
    type: 'object',
    required: ['statusCode', 'error', 'message', 'code'],
    properties: {
      statusCode: { type: 'integer', example: 401 },
      error: { type: 'string', description: 'Name of the status', example: 'Unauthorized' },
      message: { type: 'string', description: 'For developers', example: 'Sign in first' },
      code: {
        type: 'string',
        description: 'What went wrong, in a word that never changes',
        example: 'not_authenticated',
      },
    },
  },
};

const DESCRIPTIONS = {
  401: 'Nobody is signed in, or not any more',
  403: 'The user lacks a role, or the request may have been made by a foreign page',
} as const;

/** The response of an operation that refuses somebody. */
export function refusal(status: 401 | 403): object {
  return {
    description: DESCRIPTIONS[status],
    content: { 'application/json': { schema: { $ref: '#/components/schemas/WristbandError' } } },
  };
}

/** Where a client puts what the schemes ask for. */
export function securitySchemes(options: ResolvedOptions): Readonly<Record<string, object>> {
  const entries = Object.entries(schemesOf(options));
  return Object.fromEntries(
    entries.map(([scheme, value]) => [schemeName(scheme as Scheme, options.name), value]),
  );
}

function schemesOf({ session }: ResolvedOptions): Partial<Record<Scheme, object>> {
  return {
    wristbandBearer: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'An access token of Wristband',
    },
    ...(session && {
      wristbandSession: {
        type: 'apiKey',
        in: 'cookie',
        name: session.cookieName,
        description: 'The cookie that a sign-in sets',
      },
      wristbandCsrf: {
        type: 'apiKey',
        in: 'header',
        name: session.csrfHeaderName,
        description: `The value of the cookie ${session.csrfCookieName}`,
      },
    }),
  };
}
