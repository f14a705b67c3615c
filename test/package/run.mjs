// npm run test:apps [-- nest-11-nodenext … --node 22 --node current]: installs the packed package into fresh applications, signs in to
// them and runs their tests. Default: all of them, on the oldest Node.js of each range in `engines`. --quick is the part that CI runs.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withTypeScript } from '../support/typescript.mjs';

const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const OLDEST = engines.node.match(/\d+\.\d+\.\d+/g);
const QUICK = { 'nest-11-commonjs': [OLDEST[1]], 'nest-12-vitest': ['current'] };

const { values, positionals } = parseArgs({
  options: { node: { type: 'string', multiple: true, default: OLDEST }, quick: { type: 'boolean' } },
  allowPositionals: true,
});

const folder = mkdtempSync(join(tmpdir(), 'fresh-apps-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

await withTypeScript(async (load) => {
  const { appNames, createApp, testApp } = await load('/test/package/fresh-app.ts');
  const { installNode } = await load('/test/package/node-version.ts');
  const { packPackage } = await load('/test/package/pack.ts');
  const { visit } = await load('/test/package/visit.ts');
  const unknown = positionals.filter((name) => !appNames().includes(name));
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}, but ${appNames().join(', ')}`);

  const names = positionals.length > 0 ? positionals : appNames();
  const plan = values.quick ? QUICK : Object.fromEntries(names.map((name) => [name, values.node]));
  const nodes = new Map();
  const nodeOf = (wanted) => {
    const install = () => installNode(wanted, newFolder(`node-${wanted}`));
    if (!nodes.has(wanted)) nodes.set(wanted, timed(`Node.js ${wanted} installed`, install));
    return nodes.get(wanted);
  };
  const packed = await timed('packed', () => packPackage(newFolder('packed')));
  if (!packed) return;

  const runApp = async ([name, versions]) => {
    versions.forEach(nodeOf); // meanwhile
    const app = await timed(`${name} installed and built`, () => createApp(name, packed.tarball, folder));
    for (const wanted of app ? versions : []) {
      const node = await nodeOf(wanted);
      if (node) await timed(`${name} on Node.js ${node.version}`, () => tryOut(app, node));
    }
  };
  const tryOut = async (app, node) => {
    await visit(app, node);
    await testApp(app, node);
  };
  // Two at a time, as installing packages mostly waits.
  const left = Object.entries(plan);
  const work = async () => {
    while (left.length > 0) await runApp(left.shift());
  };
  await Promise.all([work(), work()]);
});

function newFolder(name) {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

/** Says how it went and how long it took; after a failure the others go on. */
async function timed(title, work) {
  const start = performance.now();
  const print = (outcome) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    process.stdout.write(`${title.padEnd(44)} ${outcome.padEnd(6)} ${seconds.padStart(6)} s\n`);
  };
  try {
    const result = await work();
    print('ok');
    return result;
  } catch (error) {
    print('FAILED');
    process.stdout.write(`${error.message}\n`);
    process.exitCode = 1;
    return undefined;
  }
}
