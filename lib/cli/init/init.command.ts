import { spawnSync } from 'node:child_process';
import { isAbsolute, posix, relative, resolve, sep } from 'node:path';
import { createPatch, OMIT_HEADERS } from 'diff';
import type { Terminal } from '../terminal.js';
import { packageManagerOf } from './package-manager.js';
import { fileThatUsesWristband, planInit, type Change, type Plan } from './plan.js';
import { describeProject, ProjectError, scriptOf, type Project } from './project.js';
import { ProjectFiles } from './project-files.js';
import { routesPath } from './templates/style.interface.js';

/** What `init` can be told. */
export interface InitOptions {
  /** The file of the root module, from the current folder. */
  readonly module?: string | undefined;
  /** Answers every question with yes. */
  readonly yes?: boolean | undefined;
}

/**
 * Puts a sign-in into the Nest application of a folder. Shows every change, and asks before it touches what is there.
 *
 * @returns the exit code: 1 when something is left to do
 */
export async function init(root: string, options: InitOptions, terminal: Terminal): Promise<number> {
  const files = new ProjectFiles(root);
  const project = describeProject(files, options.module && modulePath(files, options.module));
  const inUse = fileThatUsesWristband(project);
  if (inUse !== undefined) return nothingToDo(`${inUse} uses WristbandModule already`, terminal);
  const plan = planInit(project);
  if (plan.changes.length === 0 && plan.byHand.length === 0) {
    return nothingToDo('this application has its sign-in already', terminal);
  }
  // Before anything is written: half of a sign-in would be worse than none.
  for (const { path } of plan.changes) files.assertContains(path);
  if (!options.yes && !terminal.isInteractive) return tellOnly(plan, terminal);

  const left = await carryOut(plan, files, options, terminal);
  const isInstalled = left.includes('package.json') || installPackages(files, project, plan, terminal);
  for (const text of plan.byHand) terminal.write(`\n${text}\n`);
  if (left.length > 0) terminal.write(`\nNot changed: ${left.join(', ')}\n`);
  if (left.length > 0 || plan.byHand.length > 0 || !isInstalled) return 1;
  terminal.write(nextSteps(project, packageManagerOf(files.read, project.manifest)));
  return 0;
}

function modulePath(files: ProjectFiles, module: string): string {
  const path = relative(files.root, resolve(files.root, module));
  if (isAbsolute(path) || !files.contains(resolve(files.root, module))) {
    throw new ProjectError(`${module} is not inside this folder.`);
  }
  return path.split(sep).join('/');
}

function nothingToDo(why: string, terminal: Terminal): number {
  terminal.write(`Nothing to do: ${why}.\n`);
  return 0;
}

function tellOnly({ changes, byHand }: Plan, terminal: Terminal): number {
  for (const change of changes) showChange(change, terminal);
  for (const text of byHand) terminal.write(`\n${text}\n`);
  terminal.write('\nNothing is written, as there is no terminal to ask on. --yes answers with yes.\n');
  return 1;
}

/** Answers the paths of what the user wants to keep as it is. */
async function carryOut(
  { changes }: Plan,
  files: ProjectFiles,
  { yes }: InitOptions,
  terminal: Terminal,
): Promise<string[]> {
  const left: string[] = [];
  for (const change of changes) {
    showChange(change, terminal);
    const { path, before, after } = change;
    const isAgreed = before === undefined || yes || (await terminal.confirm(`Change ${path}?`));
    if (isAgreed) files.write(path, after);
    else left.push(path);
  }
  return left;
}

function showChange({ path, before, after }: Change, terminal: Terminal): void {
  const old = before === undefined ? '/dev/null' : `a/${path}`;
  const options = { context: 3, headerOptions: OMIT_HEADERS };
  const hunks = createPatch(path, before ?? '', after, '', '', options);
  const painted = hunks.replaceAll(/^[-+].*/gm, (line) =>
    terminal.paint(line.startsWith('+') ? 'green' : 'red', line),
  );
  terminal.write(`\n--- ${old}\n+++ b/${path}\n${painted}`);
}

/** Has the new packages of `package.json` installed, to which the user has agreed with it. */
function installPackages(
  files: ProjectFiles,
  { manifest }: Project,
  { packages }: Plan,
  terminal: Terminal,
): boolean {
  if (packages.length === 0) return true;
  const manager = packageManagerOf(files.read, manifest);
  terminal.write(`\nInstalling ${packages.join(', ')}: ${manager} install\n`);
  const isWindows = process.platform === 'win32';
  const { status } = spawnSync(manager, ['install'], { cwd: files.root, stdio: 'inherit', shell: isWindows });
  if (status !== 0) terminal.write(`\n${manager} install did not succeed. Run it again.\n`);
  return status === 0;
}

function nextSteps(project: Project, manager: string): string {
  const { style } = project;
  const { start, test } = commands(project, manager);
  const isUsual = `${style.prefix}/${routesPath(style)}` === '/api/auth';
  const url = isUsual ? '' : ` --url http://localhost:3000${style.prefix}/${routesPath(style)}`;
  return `
Start it with a Wristband on this machine:

  npx nestjs-wristband emulate${url} -- ${start}

and open http://localhost:3000${style.prefix}/profile
${style.runner ? `\nIts test:\n\n  ${test}\n` : '\nThere is neither Vitest nor Jest here, so it has no test.\n'}`;
}

/** How the application is started and tested. Scripts of a monorepo are for its default application. */
function commands(
  { manifest, read, monorepoName, testFile }: Project,
  manager: string,
): { readonly start: string; readonly test: string } {
  const test = scriptOf(manifest, 'test:e2e') ? `${manager} run test:e2e` : `${manager} test`;
  if (monorepoName === undefined) {
    return { start: scriptOf(manifest, 'start:dev') ? `${manager} run start:dev` : `${manager} start`, test };
  }
  const jestConfig = posix.join(posix.dirname(testFile), 'jest-e2e.json');
  const hasOwnConfig = read(jestConfig) !== undefined;
  return {
    start: `npx nest start ${monorepoName} --watch`,
    test: hasOwnConfig ? `npx jest --config ${jestConfig}` : test,
  };
}
