import { posix } from 'node:path';
import { isObject, readJson, setProperties, type JsonObject } from './json-edit.js';
import { scriptOf, type Project } from './project.js';
import type { Step } from './step.interface.js';

/** Packages that are ES modules, wherever they are below `node_modules`: pnpm keeps them deeper. */
const PATTERN = 'node_modules/(?!.*(nestjs-wristband|jose|oidc-provider)/)';
const OPTION = 'transformIgnorePatterns';
const USUAL_FILES = ['ts', 'js', 'mjs', 'cjs', 'json'].map((extension) => `jest.config.${extension}`);

/** What Jest needs on Node.js below 24.9, where it does not load ES modules into CommonJS. */
export function allowEsmInJest(project: Project): { manifest?: JsonObject; steps: Step[] } {
  const { manifest, style } = project;
  if (style.runner !== 'jest') return { steps: [] };
  const { jest } = manifest;
  const steps = [endToEndConfig(project)];
  if (!isObject(jest)) return { steps };
  if (!(OPTION in jest)) return { manifest: { ...manifest, jest: { ...jest, [OPTION]: [PATTERN] } }, steps };
  const isDone = JSON.stringify(jest[OPTION]).includes('nestjs-wristband');
  return { steps: isDone ? steps : [...steps, byHand('package.json')] };
}

function endToEndConfig({ read, manifest, testFile }: Project): Step {
  const [, named] = /--config[= ]+(\S+)/.exec(scriptOf(manifest, 'test:e2e')) ?? [];
  const usual = [posix.join(posix.dirname(testFile), 'jest-e2e.json'), ...USUAL_FILES];
  const path = (named ? [posix.normalize(named)] : usual).find((file) => read(file) !== undefined);
  if (path === undefined) return {};
  const text = read(path) ?? '';
  if (text.includes('nestjs-wristband')) return {};
  const config = readJson(text);
  const after =
    config && !(OPTION in config) ? setProperties(text, undefined, { [OPTION]: [PATTERN] }) : undefined;
  return after === undefined ? byHand(path) : { files: { [path]: after } };
}

function byHand(path: string): Step {
  return {
    byHand: `Jest has to transform ES modules (Node.js below 24.9). In ${path}:\n  ${OPTION}: ${JSON.stringify([PATTERN])}`,
  };
}
