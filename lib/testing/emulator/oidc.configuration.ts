import type { Account, ClientMetadata, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { EmulatorCore } from './emulator.state.js';
import { errorContent, renderPage } from './html.page.js';
import type { loadOidcProvider } from './oidc.loader.js';
import { CLAIMS_BY_SCOPE, identityClaims, userinfoClaims } from './user-claims.js';

type OidcModule = Awaited<ReturnType<typeof loadOidcProvider>>;

const ONE_DAY = 24 * 60 * 60;

/** How oidc-provider has to be set up to behave like Wristband. */
export function oidcConfiguration(state: EmulatorCore, { interactionPolicy }: OidcModule): Configuration {
  const policy = interactionPolicy.base();
  policy.remove('consent');
  return {
    adapter: (kind) => state.store.adapterFor(kind),
    jwks: { keys: [...state.keys.jwks] },
    clients: [client(state)],
    clientAuthMethods: ['client_secret_basic'],
    claims: CLAIMS_BY_SCOPE,
    scopes: ['openid', 'offline_access'],
    responseTypes: ['code'],
    subjectTypes: ['public'],
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: () => false,
    cookies: cookies(state),
    ttl: lifetimes(state),
    routes: routes(),
    features: features(),
    interactions: { policy, url: (_ctx, interaction) => `/login/${interaction.uid}` },
    extraParams: { idp_hint: null, offline_access: restoreOfflineAccess },
    rotateRefreshToken: true,
    expiresWithSession: () => false,
    loadExistingGrant: grantWhatWasAsked,
    findAccount: (_ctx, id) => findAccount(state, id),
    fetch: fetchFromLoopback,
    renderError: (ctx, out) => {
      ctx.type = 'html';
      const message = [out.error, out.error_description].filter(Boolean).join(': ');
      ctx.body = renderPage('Something went wrong', errorContent(message));
    },
  };
}

function client({ clientId, clientSecret, application }: EmulatorCore): ClientMetadata {
  return {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: application.redirectUris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    response_modes: ['query'],
    ...(application.backChannelLogoutUri !== undefined && {
      backchannel_logout_uri: application.backChannelLogoutUri,
      backchannel_logout_session_required: application.backChannelLogoutSessionRequired ?? true,
    }),
  };
}

/** Without the provider's own agent, which refuses loopback addresses: the applications under test are nowhere else. */
const fetchFromLoopback: typeof fetch = (input, init) =>
  fetch(input, Object.assign({}, init, { dispatcher: undefined }));

function cookies({ cookieKey }: EmulatorCore): Configuration['cookies'] {
  // Cookies ignore the port: these names must not meet those of an application on the same host.
  const names = { session: 'emulator_sso', interaction: 'emulator_login', resume: 'emulator_resume' };
  return { keys: [cookieKey], names };
}

function lifetimes({ lifetimes }: EmulatorCore): Configuration['ttl'] {
  return {
    AccessToken: lifetimes.accessToken,
    IdToken: lifetimes.idToken,
    RefreshToken: lifetimes.refreshToken,
    // A grant that ended earlier would end its refresh token too.
    Grant: lifetimes.refreshToken + ONE_DAY,
    AuthorizationCode: 60,
    Interaction: 60 * 60,
    Session: ONE_DAY,
  };
}

function routes(): Configuration['routes'] {
  return {
    authorization: '/api/v1/oauth2/authorize',
    token: '/api/v1/oauth2/token',
    userinfo: '/api/v1/oauth2/userinfo',
    revocation: '/api/v1/oauth2/revoke',
    jwks: '/api/v1/oauth2/jwks',
  };
}

function features(): Configuration['features'] {
  return {
    backchannelLogout: { enabled: true },
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    resourceIndicators: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    userinfo: { enabled: true },
  };
}

/** OpenID Connect drops `offline_access` where nobody is asked for consent; Wristband never asks and keeps it. */
function restoreOfflineAccess(ctx: KoaContextWithOIDC): void {
  const { params } = ctx.oidc;
  const asked = [ctx.query.scope].flat().join(' ').split(' ');
  const kept = scopesOf(ctx);
  if (params && asked.includes('offline_access')) {
    params.scope = asked.filter((scope) => kept.includes(scope) || scope === 'offline_access').join(' ');
  }
}

function scopesOf(ctx: KoaContextWithOIDC): string[] {
  const scope = ctx.oidc.params?.scope;
  return typeof scope === 'string' ? scope.split(' ') : [];
}

/** A grant of its own for every login, so that revoking one login leaves the others alone. */
async function grantWhatWasAsked(ctx: KoaContextWithOIDC) {
  const { provider, client, session } = ctx.oidc;
  const grant = new provider.Grant({ accountId: session?.accountId, clientId: client?.clientId });
  grant.addOIDCScope(scopesOf(ctx).join(' '));
  await grant.save();
  return grant;
}

async function findAccount(state: EmulatorCore, id: string): Promise<Account | undefined> {
  const user = state.users.find((candidate) => candidate.id === id);
  const tenant = state.tenants.find((candidate) => candidate.name === user?.tenant);
  if (!user || !tenant) return undefined;
  return {
    accountId: id,
    claims: async (use) => (use === 'userinfo' ? userinfoClaims(user, tenant) : identityClaims(user, tenant)),
  };
}
