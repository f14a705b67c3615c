import { posix } from 'node:path';
import { isObject, readJson, setProperties, type JsonObject } from './json-edit.js';
import { rangeOf, versionOf, type Project, type ReadFile } from './project.js';
import type { Step } from './step.interface.js';

const FILE = 'tsconfig.json';

/** What TypeScript needs to compile an import of an ES module, in CommonJS too. */
export function allowRequireOfEsm(project: Project): Step {
  const { read, manifest, isEsm } = project;
  const [major = 6, minor = 0] = versionOf(read, manifest, 'typescript') ?? [];
  if (!isEsm && (major < 5 || (major === 5 && minor < 8))) {
    return {
      byHand: `CommonJS needs TypeScript 5.8 or newer to import ES modules; this is ${major}.${minor}.`,
    };
  }
  const text = read(FILE);
  if (text === undefined) return {};
  const options = compilerOptions(read, FILE);
  const needed = { ...moduleOptions(options, isEsm), ...transpileOptions(options, project) };
  if (Object.keys(needed).length === 0) return {};
  const after = setProperties(text, 'compilerOptions', needed);
  return after === undefined
    ? { byHand: `${FILE} needs these compilerOptions: ${JSON.stringify(needed)}` }
    : { files: { [FILE]: after } };
}

/** The options of a file and of those that it extends. */
function compilerOptions(read: ReadFile, file: string, depth = 0): JsonObject {
  const config = readJson(read(file) ?? '') ?? {};
  const bases = [config['extends'] ?? []].flat().filter((base) => typeof base === 'string');
  const inherited =
    depth > 8 ? [] : bases.map((base) => compilerOptions(read, baseFile(file, base), depth + 1));
  const own = config['compilerOptions'];
  return Object.assign({}, ...inherited, isObject(own) ? own : {}) as JsonObject;
}

function baseFile(file: string, base: string): string {
  if (base.startsWith('.'))
    return posix.join(posix.dirname(file), base.endsWith('.json') ? base : `${base}.json`);
  return posix.join('node_modules', base.endsWith('.json') ? base : `${base}/tsconfig.json`);
}

function moduleOptions(options: JsonObject, isEsm: boolean): JsonObject {
  const [module, resolution] = [options['module'], options['moduleResolution']].map((value) =>
    typeof value === 'string' ? value.toLowerCase() : '',
  );
  const isRight = module === 'nodenext' || module === 'node20' || resolution === 'bundler';
  if (isRight || (isEsm && module?.startsWith('node'))) return {};
  return {
    module: 'nodenext',
    ...(resolution && resolution !== 'nodenext' && { moduleResolution: 'nodenext' }),
  };
}

/** ts-jest transforms the JavaScript of packages only when it takes each file by itself. */
function transpileOptions(options: JsonObject, { manifest, style }: Project): JsonObject {
  const isNeeded = style.runner === 'jest' && rangeOf(manifest, 'ts-jest');
  return isNeeded && !options['isolatedModules'] && !options['allowJs'] ? { isolatedModules: true } : {};
}
