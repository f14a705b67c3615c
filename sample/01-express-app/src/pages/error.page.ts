import { html } from './html.template.js';
import { layoutPage } from './layout.page.js';

export interface ErrorView {
  readonly title: string;
  readonly message: string;
  readonly code: string;
}

export function errorPage({ title, message, code }: ErrorView): string {
  return layoutPage(
    title,
    html`<section class="card narrow">
      <h1>${title}</h1>
      <p role="alert" data-testid="error-message">${message}</p>
      <p class="quiet">Code: <code data-testid="error-code">${code}</code></p>
      <p><a class="button" href="/" data-testid="start-over">Start over</a></p>
    </section>`,
  );
}
