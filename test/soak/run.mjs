// npm run soak [-- --seconds 300 --seed 1 --users 60 --rate 60 | --smoke]: the events of an hour, in five minutes, in both modes at the
// same time. Ends with 1 when a process grows or becomes slow, or when a user missed what the library promises; --smoke, a run
// of two seconds, only shows that all of it runs.
import { parseArgs } from 'node:util';
import { withTypeScript } from '../support/typescript.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    users: { type: 'string', default: '60' },
    rate: { type: 'string', default: '60' },
    smoke: { type: 'boolean', default: false },
  },
});
const { seed, smoke } = values;
const { seconds, users, rate } = smoke ? { seconds: 2, users: 4, rate: 20 } : values;
/** The events of an hour, in whatever time there is. */
const releases = smoke ? 4 : 12;
const UNITS = { heap: 'MB', resident: 'MB', handles: '', middle: 'ms', long: 'ms' };
const TITLES = {
  heap: 'heap',
  resident: 'resident memory',
  handles: 'handles, at least',
  middle: 'event-loop delay, middle',
  long: 'event-loop delay, 99 %',
};

function print(text) {
  process.stdout.write(`${text}\n`);
}

function amount(name, value) {
  return `${(UNITS[name] === 'MB' ? value / 2 ** 20 : value).toFixed(1)} ${UNITS[name]}`.trim();
}

await withTypeScript(async (load) => {
  const { runSoak } = await load('/test/soak/soak.ts');
  const { trendsOf } = await load('/test/soak/flatness.ts');
  const { textOf } = await load('/test/chaos/report.ts');
  const options = { seed, ms: Number(seconds) * 1000, users: Number(users), rate: Number(rate), releases };
  for (const report of await runSoak(options)) {
    print(textOf(report));
    print('\nAfter the warm-up, and at the end');
    for (const { name, early, late, isFlat } of trendsOf(report.gauges)) {
      print(`  ${TITLES[name]}: ${amount(name, early)}, ${amount(name, late)}${isFlat ? '' : '  NOT FLAT'}`);
      if (!isFlat && !smoke) process.exitCode = 1;
    }
    print('');
    if (report.journal.violations.length > 0 && !smoke) process.exitCode = 1;
  }
});
