import type { IncomingHttpHeaders } from 'node:http';

/** The parts of Wristband that are logged and that can be made to fail. */
export type EmulatorEndpoint =
  | 'authorize'
  | 'token'
  | 'userinfo'
  | 'revoke'
  | 'jwks'
  | 'sdkConfiguration'
  | 'customDomainValidation'
  | 'applicationLogin'
  | 'logout'
  | 'login'
  | 'signup';

/** One request as it arrived, secrets included. */
export interface EmulatorCall {
  readonly endpoint: EmulatorEndpoint;
  readonly method: string;
  /** The Host header. */
  readonly host: string;
  readonly path: string;
  /** The decoded query; of a repeated parameter the last one. */
  readonly query: Record<string, string>;
  readonly headers: IncomingHttpHeaders;
  /** The body as text. */
  readonly body: string;
  /** The decoded form; empty for other bodies. */
  readonly form: Record<string, string>;
  /** The parsed JSON body; undefined for other bodies. */
  readonly json: unknown;
  /** What was answered (or, with `drop`, would have been); undefined as long as there is no answer. */
  status?: number;
}

/** Which requests a fault meets. */
export interface EmulatorFaultScope {
  /** How many requests it meets. Default: all until healed. */
  times?: number;
  /** Meets only the requests for which this answers true. Default: all. */
  when?: (call: EmulatorCall) => boolean;
}

/**
 * How an endpoint misbehaves.
 *
 * Answer a status; accept and never answer (`hang`); stop in the middle of the answer (`stall`);
 * close the connection before the work is done (`reset`) or after it (`drop`); answer 200 with something that is not
 * JSON (`garbage`) or with nothing (`empty`); answer `ms` milliseconds late (`delay`).
 */
export type EmulatorFault = EmulatorFaultScope &
  (
    | { kind: 'status'; status: number; headers?: Record<string, string>; body?: string | object }
    | { kind: 'hang' }
    | { kind: 'stall' }
    | { kind: 'reset' }
    | { kind: 'drop' }
    | { kind: 'garbage' }
    | { kind: 'empty' }
    | { kind: 'delay'; ms: number }
  );

/** A JSON object of claims or of an answer. */
export type EmulatorJson = Record<string, unknown>;

/** Hooks that forge answers, for tests of what a client must refuse. */
export interface EmulatorTampering {
  /** Changes the claims of ID tokens before they are signed. */
  idTokenClaims?: (claims: EmulatorJson) => EmulatorJson;
  /** Signs ID tokens with a key that is not in the key set, under the `kid` of one that is. */
  idTokenKey?: 'foreign';
  /** Changes the claims of access tokens before they are signed. */
  accessTokenClaims?: (claims: EmulatorJson) => EmulatorJson;
  /** Changes the user info. */
  userinfo?: (claims: EmulatorJson) => EmulatorJson;
  /** Replaces the good answers of the token endpoint. */
  tokenAnswer?: (body: EmulatorJson) => unknown;
  /** Changes in place what the browser carries to the Callback Endpoint. */
  callbackParams?: (params: URLSearchParams) => void;
  /** Replaces the SDK configuration. */
  sdkConfiguration?: (configuration: EmulatorJson) => unknown;
}
