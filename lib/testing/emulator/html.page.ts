import type { ServerResponse } from 'node:http';

/** Markup whose values have been escaped. */
export class Html {
  constructor(readonly text: string) {}
}

type HtmlValue = string | number | undefined | Html | readonly Html[];

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { display: grid; place-items: center; min-height: 100vh; margin: 0; background: light-dark(#eef1f6, #14171d); }
  main { box-sizing: border-box; width: min(28rem, calc(100vw - 2rem)); padding: 2rem; border-radius: .75rem; background: light-dark(#fff, #1f242d); box-shadow: 0 .25rem 1.5rem #0002; }
  h1 { margin: 0 0 1rem; font-size: 1.4rem; }
  form, ul { display: grid; gap: .75rem; padding: 0; margin: 0; list-style: none; }
  label { display: grid; gap: .25rem; font-weight: 600; }
  input, button, .choice { box-sizing: border-box; width: 100%; padding: .6rem .75rem; border: 1px solid #8a94a6; border-radius: .4rem; font: inherit; font-weight: 400; }
  button { border-color: #2f5fd0; background: #2f5fd0; color: #fff; font-weight: 600; cursor: pointer; }
  button.quiet { background: none; color: inherit; border-color: #8a94a6; }
  .choice { display: block; color: inherit; }
  [role=alert] { margin: 0; padding: .5rem .75rem; border-radius: .4rem; background: #b3261e; color: #fff; }
  [role=alert] + form { margin-top: 1rem; }
  .hint { margin: 1.5rem 0 0; font-size: .85rem; opacity: .8; }
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
      </body>
    </html>`.text;
}

function render(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(render).join('');
  return String(value ?? '').replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
