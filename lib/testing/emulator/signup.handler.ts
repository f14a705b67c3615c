import { applicationUrl } from './application-url.js';
import type { ResolvedEmulatorTenant } from './emulator-options.interface.js';
import { ADMIN, resolveUser } from './emulator.defaults.js';
import type { EmulatorState } from './emulator.state.js';
import { sendRedirect, type Exchange } from './exchange.js';
import { html, sendErrorPage, sendPage, type Html } from './html.page.js';
import { findTenantByName, findUser, putUser } from './tenant.directory.js';

/** Names of tenants have 3 to 20 characters. */
const LONGEST_NAME = 20;
const SHORTEST_NAME = 3;

/**
 * The sign-up page. On the vanity host it adds a tenant and its first user, on the host of a tenant one more user of it.
 * It ends at the Login Endpoint of the application, with the `state` of the request.
 */
export async function handleSignup(state: EmulatorState, exchange: Exchange): Promise<void> {
  const { request, response, url, form } = exchange;
  const clientId = url.searchParams.get('client_id');
  if (clientId !== null && clientId !== state.clientId) {
    sendErrorPage(response, 400, 'The client_id is unknown.');
    return;
  }
  if (request.method !== 'POST') {
    sendForm(state, exchange);
    return;
  }
  const tenant = exchange.tenant ?? newTenant(field(form, 'company'));
  const problem = findProblem(state, tenant, form);
  if (problem !== undefined || !tenant) {
    sendForm(state, exchange, problem);
    return;
  }
  if (!exchange.tenant) state.tenants.push(tenant);
  const user = {
    email: field(form, 'email'),
    password: form.get('password') ?? '',
    tenant: tenant.name,
    ...optional('givenName', field(form, 'given_name')),
    ...optional('familyName', field(form, 'family_name')),
    ...(!exchange.tenant && { roles: [ADMIN] }),
  };
  putUser(state, resolveUser(user));
  const echoed = url.searchParams.get('state') ?? undefined;
  sendRedirect(response, applicationUrl(state.application.loginUrl, tenant, { state: echoed }));
}

/** The tenant of a company; undefined when no name can be made of what was typed. */
function newTenant(company: string): ResolvedEmulatorTenant | undefined {
  const name = company
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{Diacritic}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_NAME)
    .replaceAll(/^-+|-+$/g, '');
  return name.length < SHORTEST_NAME ? undefined : { name, id: `tenant-${name}`, displayName: company };
}

function findProblem(
  state: EmulatorState,
  tenant: ResolvedEmulatorTenant | undefined,
  form: URLSearchParams,
): string | undefined {
  const email = field(form, 'email');
  if (!tenant) return `The name of the company needs at least ${SHORTEST_NAME} letters or digits.`;
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) return 'That is not an e-mail address.';
  if (!form.get('password')) return 'Choose a password.';
  if (findUser(state, tenant, email)) return 'There is an account with this e-mail address already.';
  const isTaken = !state.tenants.includes(tenant) && findTenantByName(state, tenant.name);
  return isTaken
    ? `There is a company with the name ${tenant.name} already. Log in there, or choose another name.`
    : undefined;
}

function field(form: URLSearchParams, name: string): string {
  return (form.get(name) ?? '').trim();
}

function optional<K extends string>(name: K, value: string): { [key in K]?: string } {
  return value === '' ? {} : ({ [name]: value } as { [key in K]: string });
}

function sendForm(state: EmulatorState, { response, form, tenant }: Exchange, problem?: string): void {
  const login = tenant
    ? applicationUrl(state.application.loginUrl, tenant).href
    : `/login?client_id=${encodeURIComponent(state.clientId)}`;
  const input = (label: string, name: string, attributes: Html) =>
    html`<label>
      ${label}
      <input name="${name}" value="${form.get(name) ?? ''}" ${attributes} />
    </label>`;
  const company = tenant
    ? ''
    : input('Company', 'company', html`autocomplete="organization" required autofocus`);
  const content = html`${problem ? html`<p role="alert">${problem}</p>` : ''}
    <form method="post">
      ${company}
      <div class="pair">
        ${input('First name', 'given_name', html`autocomplete="given-name"`)}
        ${input('Last name', 'family_name', html`autocomplete="family-name"`)}
      </div>
      ${input('E-mail', 'email', html`type="email" autocomplete="username" required`)}
      <label>
        Password
        <input name="password" type="password" autocomplete="new-password" required />
      </label>
      <button type="submit">Sign up</button>
    </form>
    <p class="aside">Have an account? <a href="${login}">Log in</a></p>
    <p class="hint">Accounts made here are forgotten when the emulator stops.</p>`;
  const title = tenant ? `Sign up for ${tenant.displayName}` : 'Sign up';
  sendPage(response, problem ? 422 : 200, title, content);
}
