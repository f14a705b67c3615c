import { ADMIN_ROLE } from '../access/access.constants.js';
import { type Html, html } from './html.template.js';
import { layoutPage } from './layout.page.js';

interface Door {
  readonly name: string;
  readonly decorator: string;
  readonly letsIn: string;
}

const DOORS: readonly Door[] = [
  { name: 'session', decorator: "@AuthStrategies('SESSION')", letsIn: 'Whoever has a session.' },
  {
    name: 'token',
    decorator: "@AuthStrategies('JWT')",
    letsIn: 'Whoever sends an access token. The page asks for yours first, then sends it without cookies.',
  },
  {
    name: 'either',
    decorator: "@AuthStrategies('JWT', 'SESSION')",
    letsIn: 'Both. The token is looked at first; here there is none, so the session decides.',
  },
  { name: 'admin', decorator: `@Roles(['${ADMIN_ROLE}'])`, letsIn: 'Only users with that role.' },
  { name: 'optional', decorator: '@OptionalAuth()', letsIn: 'Everybody, and it knows who is signed in.' },
  { name: 'public', decorator: '@Public()', letsIn: 'Everybody, without a look at who it is.' },
];

/** Shows each way of letting somebody in, with a button to try it. */
export function accessPage(origin: string): string {
  return layoutPage(
    'Access',
    html`<section class="card">
        <h1>Who may come in?</h1>
        <p class="quiet">
          Each button calls an endpoint below <code>/api/access</code> and shows what it answered.
        </p>
      </section>
      ${DOORS.map(door)}
      <section class="card">
        <h2>From a terminal</h2>
        <p>
          A program signs in with an access token instead of a cookie. This line holds yours, for half an
          hour:
        </p>
        <button type="button" class="button" id="show-curl" data-testid="show-curl">Show the line</button>
        <pre id="curl" data-testid="curl" data-url="${origin}/api/access/token" hidden></pre>
      </section>
      <p><a href="/">Back to the order desk</a></p>`,
    'access.js',
  );
}

function door({ name, decorator, letsIn }: Door): Html {
  return html`<section class="card">
    <div class="bar">
      <h2><code>${decorator}</code></h2>
      <button type="button" data-try="${name}" data-testid="try-${name}">Try</button>
    </div>
    <p>${letsIn}</p>
    <pre data-answer="${name}" data-testid="answer-${name}" aria-live="polite" hidden></pre>
  </section>`;
}
