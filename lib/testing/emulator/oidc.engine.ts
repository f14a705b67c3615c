import { IncomingMessage } from 'node:http';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { resolveAccessToken } from './access-token.js';
import type { EmulatorCore, OidcEngine } from './emulator.state.js';
import type { Exchange } from './exchange.js';
import { answerAsWristband } from './oidc.answers.js';
import { oidcConfiguration } from './oidc.configuration.js';
import type { loadOidcProvider } from './oidc.loader.js';

/** Makes a provider for the current keys and application. */
export function createOidcEngine(
  state: EmulatorCore,
  oidc: Awaited<ReturnType<typeof loadOidcProvider>>,
): OidcEngine {
  const provider = new oidc.Provider(state.origin, oidcConfiguration(state, oidc));
  provider.silent = true;
  provider.use<object, Pick<KoaContextWithOIDC, 'oidc'>>(async (ctx, next) => {
    await next();
    await answerAsWristband(state, ctx);
  });
  const callback = provider.callback();
  return {
    provider,
    handle: async (exchange) => callback(await replay(state, exchange), exchange.response),
  };
}

/** The request once more, as its body has been read, with opaque tokens in the place of our JWTs. */
async function replay(state: EmulatorCore, { request, body, form }: Exchange): Promise<IncomingMessage> {
  const headers = { ...request.headers };
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer) headers.authorization = `Bearer ${(await resolveAccessToken(state, bearer)) ?? 'unknown'}`;
  const token = form.get('token');
  const opaque = token && (await resolveAccessToken(state, token));
  const content = opaque ? replaceToken(form, opaque) : body;
  if (content) headers['content-length'] = String(Buffer.byteLength(content));
  delete headers['transfer-encoding'];

  const copy = new IncomingMessage(request.socket);
  copy.method = request.method;
  copy.url = request.url;
  copy.headers = headers;
  copy.complete = true;
  copy.push(content);
  copy.push(null);
  return copy;
}

function replaceToken(form: URLSearchParams, opaque: string): string {
  const changed = new URLSearchParams(form);
  changed.set('token', opaque);
  return changed.toString();
}
