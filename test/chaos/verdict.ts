import { parseJson } from '../../lib/json/json.js';
import { PATIENCE, type Reply } from './client.js';
import type { ViolationKind } from './journal.js';
import type { TokenWatch } from './token-watch.js';

/** Milliseconds between a death and when both sides of a connection know of it. */
const BLUR = 100;

export type Verdict = 'done' | 'refused' | 'unknown';

export interface Judgement {
  readonly verdict: Verdict;
  /** For the counts of answers. */
  readonly label: string;
  readonly violation?: { readonly kind: ViolationKind; readonly text: string };
}

/** Says what an answer means, and whether it may be. */
export function judge(reply: Reply, watch: TokenWatch, patience = PATIENCE): Judgement {
  const { status, began, ended, worker, text, retryAfter } = reply;
  const code = (parseJson(text) as { code?: unknown } | undefined)?.code;
  const label = typeof code === 'string' ? `${status} ${code}` : String(status);
  const must = (isAllowed: boolean, kind: ViolationKind = 'an answer that must not be'): Judgement =>
    isAllowed
      ? { verdict: 'unknown', label }
      : { verdict: 'unknown', label, violation: { kind, text: `${label} by ${worker}: ${text}` } };
  if (ended - began > patience || status === 'late') return must(false, 'no answer in time');
  const wasKilled = watch.wasKilledBetween(worker, began - BLUR, ended + BLUR);
  if (status === 'broken' || status === 502) return must(wasKilled);
  if (status === 503) return must(typeof code === 'string' && /^\d+$/.test(retryAfter ?? ''));
  if (status === 401) return { verdict: 'refused', label };
  if (status === 302 || (status >= 200 && status < 300)) return { verdict: 'done', label };
  return must(false);
}
