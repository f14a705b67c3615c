import type { Density } from '../preferences/density.js';
import { type Html, html } from './html.template.js';
import { layoutPage } from './layout.page.js';

export interface HomeView {
  readonly fullName: string | undefined;
  readonly email: string | undefined;
  readonly tenantName: string | undefined;
  readonly sessionExpiry: Date;
  readonly tokenExpiry: Date;
  readonly density: Density;
}

/** The start page of somebody who is signed in. */
export function homePage(view: HomeView): string {
  const { fullName, email, tenantName, sessionExpiry, tokenExpiry, density } = view;
  return layoutPage(
    tenantName ?? 'Home',
    html`<section class="card">
        <div class="bar">
          <h1>Hello${fullName ? html`, ${fullName}` : ''}</h1>
          <a class="button light" href="/api/auth/logout" data-testid="sign-out">Sign out</a>
        </div>
        <dl>
          <dt>User</dt>
          <dd data-testid="user">${fullName ? html`${fullName}, ` : ''}${email}</dd>
          <dt>Company</dt>
          <dd data-testid="tenant">${tenantName}</dd>
          <dt>Session</dt>
          <dd>ends <span data-testid="session-expiry">${moment(sessionExpiry)}</span> without activity</dd>
          <dt>Access token</dt>
          <dd>is renewed <span data-testid="token-expiry">${moment(tokenExpiry)}</span></dd>
        </dl>
      </section>
      <section class="card ${density}" data-testid="orders-card">
        <div class="bar">
          <h2>Orders</h2>
          ${densityForm(density)}
          <button type="button" id="load-orders" data-testid="load-orders">Load orders</button>
        </div>
        <div id="orders" data-testid="orders" aria-live="polite">
          <p class="quiet">Nothing loaded yet.</p>
        </div>
      </section>
      <p><a href="/access" data-testid="access">Who may come in? Every guard and decorator to try</a></p>`,
  );
}

function densityForm(density: Density): Html {
  const other: Density = density === 'compact' ? 'comfortable' : 'compact';
  return html`<form class="inline" method="post" action="/preferences">
    <button class="light" name="density" value="${other}" data-testid="density">Make rows ${other}</button>
  </form>`;
}

const CLOCK = new Intl.DateTimeFormat('en', { timeStyle: 'short', hourCycle: 'h23' });

function moment(date: Date): Html {
  const minutes = Math.round((date.getTime() - Date.now()) / 60_000);
  const distance = minutes > 0 ? `in ${minutes} min` : 'with your next request';
  return html`<time datetime="${date.toISOString()}">at ${CLOCK.format(date)} (${distance})</time>`;
}
