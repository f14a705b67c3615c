import { applicationUrl } from './application-url.js';
import type { ResolvedEmulatorTenant } from './emulator-options.interface.js';
import type { EmulatorState } from './emulator.state.js';
import { sendRedirect, type Exchange } from './exchange.js';
import { html, sendErrorPage, sendPage, type Html } from './html.page.js';
import { findUser } from './tenant.directory.js';

/** The tenant login page and what is typed into it. */
export async function handleLogin(state: EmulatorState, exchange: Exchange): Promise<void> {
  const { request, response, form, tenant } = exchange;
  const { provider } = state.engine;
  const interaction = await provider.interactionDetails(request, response).catch(() => undefined);
  if (!interaction || !tenant) {
    sendErrorPage(
      response,
      400,
      'This login has expired. Please go back to the application and start again.',
    );
    return;
  }
  if (request.method !== 'POST') {
    const { login_hint: hint } = interaction.params;
    sendLoginPage(state, exchange, tenant, typeof hint === 'string' ? hint : '');
    return;
  }
  if (form.get('action') === 'cancel') {
    const cancelled = { error: 'access_denied', error_description: 'The login was cancelled.' };
    await provider.interactionFinished(request, response, cancelled, { mergeWithLastSubmission: false });
    return;
  }
  const email = form.get('email') ?? '';
  const user = findUser(state, tenant, email);
  if (!user || user.password !== form.get('password')) {
    sendLoginPage(state, exchange, tenant, email, 'The e-mail address or the password is wrong.');
    return;
  }
  const result = { login: { accountId: user.id, amr: ['pwd'] } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

/** A login page that nobody was sent to: the application has to start the login. */
export async function handleBareLogin(state: EmulatorState, { response, tenant }: Exchange): Promise<void> {
  if (tenant) sendRedirect(response, applicationUrl(state.application.loginUrl, tenant));
}

function sendLoginPage(
  state: EmulatorState,
  { response }: Exchange,
  tenant: ResolvedEmulatorTenant,
  email: string,
  problem?: string,
): void {
  const content = html`${problem ? html`<p role="alert">${problem}</p>` : ''}
    <form method="post">
      <label>
        E-mail
        <input
          name="email"
          type="email"
          value="${email}"
          autocomplete="username"
          required
          ${focusIf(!email)}
        />
      </label>
      <label>
        Password
        <input name="password" type="password" autocomplete="current-password" required ${focusIf(!!email)} />
      </label>
      <button type="submit">Log in</button>
      <button type="submit" name="action" value="cancel" formnovalidate class="quiet">Cancel</button>
    </form>
    <p class="aside">
      No account? <a href="/signup?client_id=${encodeURIComponent(state.clientId)}">Sign up</a>
    </p>
    ${testUsers(state, tenant)}`;
  sendPage(response, problem ? 422 : 200, `Log in to ${tenant.displayName}`, content);
}

function focusIf(condition: boolean): string {
  return condition ? 'autofocus' : '';
}

function testUsers(state: EmulatorState, tenant: ResolvedEmulatorTenant): Html {
  const users = state.users.filter((user) => user.tenant === tenant.name);
  return html`<div class="hint">
    <p>Test users</p>
    <ul>
      ${users.map((user) => html`<li><code>${user.email}</code>, password <code>${user.password}</code></li>`)}
    </ul>
  </div>`;
}
