/** Markup whose values have been escaped. */
export class Html {
  constructor(readonly text: string) {}
}

export type HtmlValue = string | number | undefined | Html | readonly Html[];

/** Builds markup; values are escaped unless they are markup themselves. */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(parts.map((part, index) => part + render(values[index])).join(''));
}

function render(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(render).join('');
  return String(value ?? '').replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
