import { type Html, html } from './html.template.js';

/** A whole document. Each says at its top which process made it. */
export function layoutPage(title: string, number: number, content: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Several processes</title>
        <link rel="icon" href="/assets/icon.svg" />
        <link rel="stylesheet" href="/assets/style.css" />
        <script type="module" src="/assets/actions.js"></script>
      </head>
      <body>
        <header class="bar">
          <a class="brand" href="/">Several processes</a>
          <span class="quiet">
            answered by <strong data-testid="process">process ${number}</strong>, pid ${process.pid}
          </span>
        </header>
        <main>${content}</main>
      </body>
    </html>`.text;
}
