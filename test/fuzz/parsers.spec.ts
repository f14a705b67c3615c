import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TIMES, tried } from './cases.js';
import { answerRules } from './rules/answers.js';
import { authRules } from './rules/auth.js';
import { httpRules } from './rules/http.js';
import { initRules } from './rules/init.js';
import { jwtRules } from './rules/jwt.js';
import { sessionRules } from './rules/sessions.js';
import { speedRules } from './rules/speed.js';
import { storeRules } from './rules/stores.js';
import { tenantRules } from './rules/tenant.js';
import { READS_NOTHING, TRIED_BY } from './rules/without-rule.js';

const RULES = [
  ...tenantRules,
  ...httpRules,
  ...authRules,
  ...jwtRules,
  ...sessionRules,
  ...storeRules,
  ...answerRules,
  ...initRules,
];
/** Where everything is that reads what comes from outside; `cli` and `testing` run on the machine of a developer. */
const FOLDERS =
  'auth config controllers crypto csrf events http json jwt session strategies tenant tokens wristband-api'.split(
    ' ',
  );

/** The modules of a folder that know nothing of Nest, as their rules name them. */
function pureModulesIn(folder: string): string[] {
  const lib = new URL('../../lib/', import.meta.url);
  return readdirSync(new URL(folder, lib), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file}`)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.interface.ts'))
    .filter((file) => !readFileSync(new URL(file, lib), 'utf8').includes("from '@nestjs/"))
    .map((file) => file.slice(0, -'.ts'.length));
}

let cases = 0;

describe('whatever it is given', () => {
  it.each([...RULES, ...speedRules])(
    '$module $holds',
    { timeout: 120_000 * Math.max(TIMES, 1) },
    async (one) => {
      cases += await tried(one);
    },
  );
});

it('is tried 200,000 times', () => {
  console.info(`${cases} cases`);
  expect(cases).toBeGreaterThanOrEqual(200_000 * Math.min(TIMES, 1));
});

it('is tried of every module that reads something', () => {
  const ruled = new Set(RULES.map(({ module }) => module));
  const isTried = (name: string) => ruled.has(name) || name === 'endpoints';
  const known = [...ruled, ...Object.keys(TRIED_BY), ...READS_NOTHING];

  expect(FOLDERS.flatMap(pureModulesIn).filter((name) => !known.includes(name))).toEqual([]);
  expect(Object.values(TRIED_BY).filter((name) => !isTried(name))).toEqual([]);
});
