import { applicationUrl } from './application-url.js';
import type { ResolvedEmulatorTenant } from './emulator-options.interface.js';
import type { EmulatorState } from './emulator.state.js';
import { sendRedirect, type Exchange } from './exchange.js';
import { html, sendErrorPage, sendPage, type Html } from './html.page.js';
import { findTenantByName, findTenantsByEmail, tenantOrigin } from './tenant.directory.js';

/** The page on the vanity host that finds out which tenant somebody belongs to. */
export async function handleApplicationLogin(state: EmulatorState, exchange: Exchange): Promise<void> {
  const { request, response, url, form } = exchange;
  if (url.searchParams.get('client_id') !== state.clientId) {
    sendErrorPage(response, 400, 'The client_id is missing or unknown.');
    return;
  }
  if (request.method !== 'POST') {
    sendQuestion(state, exchange, 200);
    return;
  }
  const answer = (form.get('email') ?? '').trim();
  const byName = findTenantByName(state, answer);
  const tenants = byName ? [byName] : findTenantsByEmail(state, answer);
  const choices = tenants.map((tenant) => ({
    tenant,
    target: nextStep(state, exchange, tenant, byName ? undefined : answer),
  }));
  const [first, ...others] = choices;
  if (!first) sendQuestion(state, exchange, 422, 'No account belongs to this e-mail address.');
  else if (others.length === 0) sendRedirect(response, first.target);
  else {
    const links = choices.map(
      ({ tenant, target }) =>
        html`<li><a class="choice" href="${target.href}">${tenant.displayName}</a></li>`,
    );
    sendPage(
      response,
      200,
      'Choose where to log in',
      html`<ul>
        ${links}
      </ul>`,
    );
  }
}

/** An authorize request that names no tenant: the tenant is asked for, the request is kept meanwhile. */
export async function handleTenantlessAuthorize(
  state: EmulatorState,
  { response, url }: Exchange,
): Promise<void> {
  const question = new URL('/login', state.origin);
  question.searchParams.set('client_id', url.searchParams.get('client_id') ?? '');
  question.searchParams.set('authorize', url.search);
  sendRedirect(response, question);
}

function nextStep(
  state: EmulatorState,
  { url }: Exchange,
  tenant: ResolvedEmulatorTenant,
  email?: string,
): URL {
  const authorize = url.searchParams.get('authorize');
  if (authorize === null) {
    const echoed = url.searchParams.get('state') ?? undefined;
    return applicationUrl(state.application.loginUrl, tenant, { login_hint: email, state: echoed });
  }
  const target = new URL('/api/v1/oauth2/authorize', tenantOrigin(state, tenant));
  target.search = authorize;
  if (email) target.searchParams.set('login_hint', email);
  return target;
}

function sendQuestion(
  { users, clientId }: EmulatorState,
  { response, form }: Exchange,
  status: number,
  problem?: string,
): void {
  const emails = [...new Set(users.map(({ email }) => email))];
  const content: Html = html`${problem ? html`<p role="alert">${problem}</p>` : ''}
    <form method="post">
      <label>
        E-mail or tenant name
        <input name="email" value="${form.get('email') ?? ''}" autocomplete="username" required autofocus />
      </label>
      <button type="submit">Continue</button>
    </form>
    <p class="aside">No account? <a href="/signup?client_id=${encodeURIComponent(clientId)}">Sign up</a></p>
    <div class="hint">
      <p>Test users</p>
      <ul>
        ${emails.map((email) => html`<li><code>${email}</code></li>`)}
      </ul>
    </div>`;
  sendPage(response, status, 'Log in', content);
}
