import { posix } from 'node:path';
import { missingPackages, withPackages } from './dependencies.js';
import { writeJson } from './json.js';
import { importModule } from './module-edit.js';
import type { Project } from './project.js';
import { maskComments, maskSource } from './source-mask.js';
import type { Step } from './step.interface.js';
import { profileController } from './templates/profile.controller.js';
import { signInModule } from './templates/sign-in.module.js';
import { signInTest } from './templates/sign-in-test.js';
import { variablesFile } from './templates/variables.js';

/** A file to write. */
export interface Change {
  readonly path: string;
  /** What it holds now; undefined when there is none. */
  readonly before: string | undefined;
  readonly after: string;
}

/** What has to be done to the project. */
export interface Plan {
  readonly changes: readonly Change[];
  /** What `init` does not dare to do itself. */
  readonly byHand: readonly string[];
  /** The packages that `package.json` does not name yet. */
  readonly packages: readonly string[];
}

const OWN_MODULE = 'sign-in.module.ts';

/** The first file, other than the one that `init` writes, that uses `WristbandModule`. */
export function fileThatUsesWristband({ read, sources, folder }: Project): string | undefined {
  return sources
    .filter((path) => path !== posix.join(folder, OWN_MODULE))
    .find((path) => /\bWristbandModule\b/.test(codeOf(read(path) ?? '')));
}

/** Decides what to write, without writing anything. A project in which all is done gets an empty plan. */
export function planInit(project: Project): Plan {
  const { read, manifest, style, folder } = project;
  const packages = missingPackages(project);
  const steps: Step[] = [
    {
      files: {
        [posix.join(folder, OWN_MODULE)]: signInModule(style),
        [posix.join(folder, 'profile.controller.ts')]: profileController(),
        '.env.example': variablesFile(read('.env.example'), 'example', style),
      },
    },
    testStep(project),
    rootModuleStep(project),
    {
      files: {
        'package.json': writeJson(withPackages(manifest, packages), read('package.json') ?? ''),
      },
    },
  ];
  const files = Object.entries(
    Object.assign({}, ...steps.map((step) => step.files)) as Record<string, string>,
  );
  return {
    changes: files
      .map(([path, after]) => ({ path, before: read(path), after }))
      .filter(({ path, before, after }) => !isSame(path, before, after)),
    byHand: steps.flatMap(({ byHand }) => byHand ?? []),
    packages: packages.map(({ name }) => name),
  };
}

function testStep({ read, style, testFile }: Project): Step {
  if (!style.runner) return {};
  return {
    files: {
      [testFile]: signInTest(style),
      '.env.test': variablesFile(read('.env.test'), 'test', style),
    },
  };
}

function rootModuleStep({ read, rootModule, sources, style }: Project): Step {
  const others = sources.filter((path) => path !== rootModule).map((path) => maskComments(read(path) ?? ''));
  if (others.some((source) => /['"][^'"\n]*\bsign-in\/sign-in\.module/.test(source))) return {};
  const entry = { name: 'SignInModule', from: `./sign-in/sign-in.module${style.extension}` };
  const after = importModule(read(rootModule) ?? '', entry);
  if (after !== undefined) return { files: { [rootModule]: after } };
  return {
    byHand: [
      `It is not clear where these belong in ${rootModule}:`,
      `  import { ${entry.name} } from '${entry.from}';`,
      `  and in @Module():  imports: [${entry.name}]`,
    ].join('\n'),
  };
}

/** A source without comments and, if it is understood, without texts. */
function codeOf(source: string): string {
  return maskSource(source) ?? maskComments(source);
}

/** JSON that only would be written in another way stays as it is. */
function isSame(path: string, before: string | undefined, after: string): boolean {
  if (before === undefined) return false;
  if (path !== 'package.json') return before === after;
  return JSON.stringify(JSON.parse(before)) === JSON.stringify(JSON.parse(after));
}
