import { type Html, html } from './html.template.js';
import { layoutPage } from './layout.page.js';

export interface SignInView {
  /** Where sign-ins of any tenant begin; empty for the host of this page. */
  readonly appUrl: string;
  /** The host of this page when it is one of a tenant. */
  readonly tenantHost: string | undefined;
  readonly demoTenants: readonly string[];
}

/** The start page of somebody who is not signed in. */
export function signInPage(view: SignInView): string {
  return layoutPage(
    'Sign in',
    view.tenantHost ? tenantSignIn(view.tenantHost, view.appUrl) : chooseTenant(view),
  );
}

function tenantSignIn(host: string, appUrl: string): Html {
  return html`<section class="card narrow">
    <h1>Welcome</h1>
    <p>This is the order desk at <strong>${host}</strong>.</p>
    <p><a class="button" href="/api/auth/login" data-testid="sign-in">Sign in</a></p>
    <p class="quiet"><a href="${appUrl}/" data-testid="other-company">Not your company?</a></p>
  </section>`;
}

function chooseTenant({ appUrl, demoTenants }: SignInView): Html {
  return html`<section class="card narrow">
    <h1>Sign in to your company</h1>
    <form action="${appUrl}/api/auth/login">
      <label for="tenant-name">Company name</label>
      <input
        id="tenant-name"
        name="tenant_name"
        required
        autofocus
        autocomplete="organization"
        autocapitalize="none"
        spellcheck="false"
        data-testid="tenant-name"
      />
      <button>Continue</button>
    </form>
    ${demoTenants.length > 0 ? demoLinks(appUrl, demoTenants) : ''}
    <p class="quiet">
      <a href="${appUrl}/api/auth/login" data-testid="discover">I don’t know my company’s name</a>
    </p>
  </section>`;
}

function demoLinks(appUrl: string, names: readonly string[]): Html {
  const links = names.map((name) => {
    const url = `${appUrl}/api/auth/login?${new URLSearchParams({ tenant_name: name }).toString()}`;
    return html`<li><a class="button light" href="${url}" data-testid="sign-in-${name}">${name}</a></li>`;
  });
  return html`<p class="divider">or try a demo company</p>
    <ul class="choices">
      ${links}
    </ul>`;
}
