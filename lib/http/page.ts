import type { ServerResponse } from 'node:http';
import type { HttpResponse } from '../interfaces/http.interface.js';
import { HeldResponse } from './held-response.js';
import { rawResponse, sendText, setHeader } from './http-response.js';

/** A page of this library. */
export interface Page {
  readonly title: string;
  /** HTML below the title, as {@link escaped} texts in elements. */
  readonly body: string;
  /** Seconds after which the page is loaded again, or another one is. */
  readonly refresh?: { readonly seconds: number; readonly url?: string } | undefined;
}

const HTML = 'text/html; charset=utf-8';
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const STYLE = `:root { color-scheme: light dark }
body { font: 1.0625rem/1.55 system-ui, sans-serif; margin: 0; background: light-dark(#f4f5f7, #17181b); color: light-dark(#1d2129, #e6e7ea) }
main { max-width: 34em; margin: 12vh auto 2em; padding: 2em 2.25em; border-radius: .75em; background: light-dark(#fff, #212327); box-shadow: 0 1px 4px #0002 }
h1 { font-size: 1.45rem; line-height: 1.25; margin: 0 0 .6em }
a { display: inline-block; padding: .55em 1.1em; border-radius: .45em; background: #2457d6; color: #fff; text-decoration: none }
a:hover, a:focus-visible { background: #1a43ab }
small { color: light-dark(#5c6470, #a2a8b3) }
@media (max-width: 38em) { main { margin: 0; border-radius: 0 } }`;

/** The whole document. It works without scripts and loads nothing. */
export function renderPage({ title, body, refresh }: Page): string {
  const target = refresh?.url === undefined ? '' : `; url=${escaped(refresh.url)}`;
  const meta = refresh ? `\n<meta http-equiv="refresh" content="${refresh.seconds}${target}">` : '';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">${meta}
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<main>
<h1>${escaped(title)}</h1>
${body}
</main>
</html>
`;
}

/** A text for the content of an element or for an attribute in quotation marks. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** Sends a page as the response. */
export function sendPage(response: HttpResponse, statusCode: number, page: Page): void {
  setHeader(response, 'Content-Security-Policy', POLICY);
  sendText(response, statusCode, renderPage(page), HTML);
}

/**
 * Sends a page in the place of what a handler, or an exception filter, makes of the response.
 *
 * @param choose called when the response is about to begin; it returns the page, or `undefined` to leave the response as it
 * is
 */
export function replaceByPage(
  response: HttpResponse,
  choose: (response: ServerResponse) => { readonly page: Page; readonly statusCode: number } | undefined,
): void {
  const raw = rawResponse(response);
  let chosen: ReturnType<typeof choose>;
  const begin = (open: ServerResponse) => {
    chosen = choose(open);
    return chosen && Promise.reject(new Error('A page takes the place of the response'));
  };
  const replace = () => {
    if (!chosen) return;
    const html = renderPage(chosen.page);
    raw.statusCode = chosen.statusCode;
    raw.statusMessage = '';
    for (const name of ['ETag', 'Location']) raw.removeHeader(name);
    raw.setHeader('Content-Type', HTML);
    raw.setHeader('Content-Length', Buffer.byteLength(html));
    raw.setHeader('Content-Security-Policy', POLICY);
    raw.end(html);
  };
  new HeldResponse(raw, begin, replace);
}
