import type { ServerResponse } from 'node:http';

/** Markup whose values have been escaped. */
export class Html {
  constructor(readonly text: string) {}
}

type HtmlValue = string | number | undefined | Html | readonly Html[];

const STYLE = `
  :root { color-scheme: light dark; --text: light-dark(#1b2433, #e6e9ef); --soft: light-dark(#5b6678, #9aa4b5); --line: light-dark(#c9d0db, #3c4554); --accent: light-dark(#2f5fd0, #7ea2ff); font: 16px/1.5 system-ui, sans-serif; }
  body { display: grid; place-content: center; justify-items: center; min-height: 100vh; margin: 0; background: light-dark(#eef1f6, #14171d); color: var(--text); }
  main { box-sizing: border-box; width: min(27rem, calc(100vw - 2rem)); margin-top: 1rem; padding: 2rem; border: 1px solid light-dark(#dfe4ec, #2b323d); border-radius: .75rem; background: light-dark(#fff, #1f242d); box-shadow: 0 .25rem 1.5rem #0001; }
  h1 { margin: 0 0 1.25rem; font-size: 1.4rem; line-height: 1.3; }
  a { color: var(--accent); }
  form, ul { display: grid; gap: .9rem; padding: 0; margin: 0; list-style: none; }
  label { display: grid; gap: .3rem; font-size: .9rem; font-weight: 600; }
  input, button, .choice { box-sizing: border-box; width: 100%; padding: .6rem .75rem; border: 1px solid var(--line); border-radius: .45rem; font: inherit; font-size: 1rem; font-weight: 400; }
  input { background: light-dark(#fff, #171b22); color: inherit; }
  input:focus-visible, button:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
  button { border-color: #2f5fd0; background: #2f5fd0; color: #fff; font-weight: 600; cursor: pointer; }
  button:hover { background: #274fb0; }
  button.quiet { border-color: var(--line); background: none; color: inherit; }
  button.quiet:hover, .choice:hover { border-color: var(--accent); background: light-dark(#f4f6fb, #262c37); }
  .choice { display: flex; justify-content: space-between; color: inherit; text-decoration: none; }
  .choice::after { content: '→'; color: var(--soft); }
  .pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
  [role=alert] { margin: 0; padding: .6rem .75rem; border: 1px solid light-dark(#eeb9b4, #6e2f2b); border-radius: .45rem; background: light-dark(#fdf0ef, #35201f); color: light-dark(#8c1d18, #ffb4ab); overflow-wrap: anywhere; }
  [role=alert] + form { margin-top: 1rem; }
  .aside { margin: 1.1rem 0 0; text-align: center; font-size: .9rem; }
  .hint { margin: 1.25rem 0 0; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .85rem; }
  .hint p { margin: 0 0 .35rem; }
  .hint ul { gap: .15rem; }
  .hint code { color: var(--text); }
  footer { margin: 1rem; color: var(--soft); font-size: .8rem; }
`;

/** Builds markup; values are escaped unless they are markup themselves. */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(parts.map((part, index) => part + render(values[index])).join(''));
}

/** Answers with a page in the emulator's layout. */
export function sendPage(response: ServerResponse, status: number, title: string, content: Html): void {
  response
    .writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
    .end(renderPage(title, content));
}

/** Answers with a page that says what went wrong. */
export function sendErrorPage(response: ServerResponse, status: number, message: string): void {
  sendPage(response, status, 'Something went wrong', errorContent(message));
}

/** The inside of an error page. */
export function errorContent(message: string): Html {
  return html`<p role="alert">${message}</p>`;
}

/** A whole document. */
export function renderPage(title: string, content: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="icon" href="data:," />
        <title>${title}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
        <footer>Wristband emulator: nothing leaves this machine</footer>
      </body>
    </html>`.text;
}

function render(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(render).join('');
  return String(value ?? '').replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
