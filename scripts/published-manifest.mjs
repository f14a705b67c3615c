// Before `npm pack` and `npm publish`: takes what only this repository needs out of package.json. `restore` puts it back afterwards.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const MANIFEST = new URL('../package.json', import.meta.url);
const BACKUP = new URL('../.package.json', import.meta.url);
const OF_THE_REPOSITORY = [
  'workspaces',
  'scripts',
  'devDependencies',
  'overrides',
  'prettier',
  'scarfSettings',
];

if (process.argv[2] === 'restore') {
  renameSync(BACKUP, MANIFEST);
} else {
  const text = readFileSync(MANIFEST, 'utf8');
  const published = Object.entries(JSON.parse(text)).filter(([name]) => !OF_THE_REPOSITORY.includes(name));
  writeFileSync(BACKUP, text);
  writeFileSync(MANIFEST, `${JSON.stringify(Object.fromEntries(published), null, 2)}\n`);
}
