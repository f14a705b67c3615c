import { html } from './html.template.js';
import { layoutPage } from './layout.page.js';

/** The two companies of the emulator, each with somebody who works there. */
const DEMO = [
  { tenant: 'acme', email: 'grace@acme.example' },
  { tenant: 'globex', email: 'linus@globex.example' },
];

/** For somebody who is not signed in. */
export function signInPage(number: number): string {
  const links = DEMO.map(
    ({ tenant, email }) =>
      html`<li>
        <a
          class="button light"
          href="/api/auth/login?tenant_name=${tenant}&login_hint=${email}"
          data-testid="sign-in-${tenant}"
          >${tenant}</a
        >
      </li>`,
  );
  return layoutPage(
    'Sign in',
    number,
    html`<section class="card narrow">
      <h1>Sign in to a demo company</h1>
      <p class="quiet">The password of everybody is <code>password</code>.</p>
      <ul class="choices">
        ${links}
      </ul>
    </section>`,
  );
}
