import type { Provider } from 'oidc-provider';
import { applicationUrl } from './application-url.js';
import type { EmulatorState } from './emulator.state.js';
import { sendRedirect, type Exchange } from './exchange.js';
import { sendErrorPage } from './html.page.js';

type ProviderSession = InstanceType<Provider['Session']>;

/** What the types of the provider leave out. */
interface BackChannelClient {
  readonly backchannelLogoutUri?: string;
  backchannelLogout(accountId: string, sid: string | undefined): Promise<void>;
}

const LONGEST_STATE = 512;

/** Ends the session of a tenant host and sends the browser back to the application. */
export async function handleLogout(state: EmulatorState, exchange: Exchange): Promise<void> {
  const { response, url, tenant } = exchange;
  const problem = findProblem(state, url.searchParams);
  if (problem || !tenant) {
    sendErrorPage(response, 400, problem ?? 'Log out on the host of a tenant.');
    return;
  }
  await endSession(state, exchange);
  const template = url.searchParams.get('redirect_url') ?? state.application.loginUrl;
  const echoed = url.searchParams.get('state') ?? undefined;
  sendRedirect(response, applicationUrl(template, tenant, { state: echoed }));
}

function findProblem({ clientId, application }: EmulatorState, query: URLSearchParams): string | undefined {
  const redirectUrl = query.get('redirect_url');
  const allowed = application.logoutRedirectUrls;
  if (query.get('client_id') !== clientId) return 'The client_id is missing or unknown.';
  if ((query.get('state') ?? '').length > LONGEST_STATE) return 'The state is longer than 512 characters.';
  if (redirectUrl === null) return undefined;
  if (!URL.canParse(redirectUrl) || !/^https?:$/.test(new URL(redirectUrl).protocol)) {
    return 'The redirect_url is not a web address.';
  }
  if (allowed && !allowed.includes(redirectUrl)) return 'The redirect_url is not registered.';
  return undefined;
}

async function endSession(state: EmulatorState, { request, response }: Exchange): Promise<void> {
  const { provider } = state.engine;
  const ctx = provider.createContext(request, response);
  const session = await provider.Session.get(ctx);
  await postLogoutToken(state, session);
  await session.destroy();
  ctx.cookies.set(provider.cookieName('session'), null, { signed: true });
}

/** OpenID Connect Back-Channel Logout 1.0. An application that does not take the token does not keep anybody signed in here. */
async function postLogoutToken({ clientId, engine }: EmulatorState, session: ProviderSession): Promise<void> {
  const { accountId, authorizations = {} } = session;
  const client = (await engine.provider.Client.find(clientId)) as BackChannelClient | undefined;
  if (!client?.backchannelLogoutUri || accountId === undefined || !(clientId in authorizations)) return;
  await client.backchannelLogout(accountId, session.sidFor(clientId)).catch(() => undefined);
}
