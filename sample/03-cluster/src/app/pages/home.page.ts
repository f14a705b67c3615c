import type { ProcessFacts } from '../process-board.js';
import { type Html, html } from './html.template.js';
import { layoutPage } from './layout.page.js';

export interface HomeView {
  /** Of the process that makes this page. */
  readonly number: number;
  readonly user: Readonly<Record<'fullName' | 'email' | 'tenantName', string | undefined>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly tokenExpiry: Date;
  readonly sessionsAreInCookies: boolean;
  readonly processes: readonly ProcessFacts[];
}

/** For somebody who is signed in. */
export function homePage(view: HomeView): string {
  const { fullName, email, tenantName } = view.user;
  const counter = Object.values(view.counts).reduce((sum, count) => sum + count, 0);
  return layoutPage(
    tenantName ?? 'Home',
    view.number,
    html`<section class="card">
        <div class="bar">
          <h1>Hello, ${fullName ?? email}</h1>
          <a class="button light" href="/api/auth/logout" data-testid="sign-out">Sign out</a>
        </div>
        <dl>
          <dt>User</dt>
          <dd data-testid="user">${email} of ${tenantName}</dd>
          <dt>Session</dt>
          <dd>${whereSessionsAre(view.sessionsAreInCookies)}</dd>
          <dt>Access token</dt>
          <dd data-testid="token">${tokenState(view.tokenExpiry)}</dd>
          <dt>Counter</dt>
          <dd><strong data-testid="counter">${counter}</strong></dd>
        </dl>
      </section>
      ${actions(view.sessionsAreInCookies)} ${processTable(view)}`,
  );
}

function whereSessionsAre(areInCookies: boolean): string {
  return areInCookies
    ? 'in your cookie; Redis knows which have ended and who renews tokens'
    : 'in Redis; your cookie holds nothing but its sealed ID';
}

function tokenState(expiry: Date): string {
  const minutes = Math.round((expiry.getTime() - Date.now()) / 60_000);
  return minutes > 0 ? `good for ${minutes} min` : 'expired: the next button renews it';
}

function actions(areInCookies: boolean): Html {
  const parallel = areInCookies
    ? 'Of parallel writes to one cookie the last response wins: fewer than 20 may be counted.'
    : 'At once, over all processes. Each of them is counted.';
  return html`<section class="card">
    <h2>Try</h2>
    <div class="actions">
      ${action('count', 1, 'Count', 'One write to the session, by the next process.')}
      ${action('count', 20, '20 parallel writes', parallel)}
      ${action('expire', 1, 'Let the access token expire', 'Then write in parallel: one process renews it, once.')}
      ${action('kill', 1, 'Kill the next process', 'SIGKILL for the one that answers next. You stay signed in.')}
    </div>
    <p id="problem" role="alert" hidden></p>
  </section>`;
}

function action(name: string, times: number, label: string, effect: string): Html {
  return html`<button
      type="button"
      data-action="${name}"
      data-times="${times}"
      data-testid="${name}-${times}"
    >
      ${label}
    </button>
    <span class="quiet">${effect}</span>`;
}

function processTable({ number: own, counts, processes }: HomeView): Html {
  const rows = processes.map(
    ({ number, pid, starts, renewals }) =>
      html`<tr data-testid="process-${number}">
        <td>${number}${number === own ? ' (answered)' : ''}</td>
        <td data-testid="pid">${pid ?? 'starts again …'}</td>
        <td>${starts}</td>
        <td data-testid="counts">${counts[number] ?? 0}</td>
        <td data-testid="renewals">${renewals}</td>
      </tr>`,
  );
  return html`<section class="card">
    <h2>Processes</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Process</th>
            <th>Pid</th>
            <th>Starts</th>
            <th>Counted for you</th>
            <th>Tokens renewed</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`;
}
