import { type Html, html } from './html.template.js';

/** A whole document. */
export function layoutPage(title: string, content: Html, script = 'orders.js'): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Order desk</title>
        <link rel="icon" href="/assets/icon.svg" />
        <link rel="stylesheet" href="/assets/style.css" />
        <script type="module" src="/assets/${script}"></script>
      </head>
      <body>
        <header><a class="brand" href="/">Order desk</a></header>
        <main>${content}</main>
      </body>
    </html>`.text;
}
