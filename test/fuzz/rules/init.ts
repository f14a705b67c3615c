import fc from 'fast-check';
import { readJson, setProperties, writeJson } from '../../../lib/cli/init/json-edit.js';
import { importModule, moduleClass } from '../../../lib/cli/init/module-edit.js';
import { maskComments, maskSource } from '../../../lib/cli/init/source-mask.js';
import { rule } from '../cases.js';
import { damaged, hostileText, json, jsonText } from '../texts.js';

const MODULE = `import { Module } from '@nestjs/common';
import { OrdersModule } from './orders.module'; // a comment
/* and another */
@Module({
  imports: [OrdersModule, ConfigModule.forRoot({ a: [1, 2] })],
  controllers: [],
})
export class AppModule {}
`;
const source = fc.oneof({ weight: 3, arbitrary: damaged(MODULE) }, hostileText);
const TSCONFIG = '{\n  // a comment\n  "compilerOptions": { "module": "commonjs", },\n}';

export const initRules = [
  rule(
    'cli/init/source-mask',
    'covers what is no code, and moves nothing',
    2000,
    fc.property(source, (text) => {
      const masked = maskSource(text);
      return (
        maskComments(text).length === text.length && (masked === undefined || masked.length === text.length)
      );
    }),
  ),
  rule(
    'cli/init/module-edit',
    'adds lines to any source, or leaves it alone',
    2000,
    fc.property(source, (text) => {
      const edited = importModule(text, { name: 'SignInModule', from: './sign-in/sign-in.module' });
      const name = moduleClass(text);
      const isLonger = edited === undefined || edited === text || edited.length > text.length;
      return isLonger && (name === undefined || /^\w+$/.test(name));
    }),
  ),
  rule(
    'cli/init/json-edit',
    'sets a property of any JSON file, or leaves it alone',
    1500,
    fc.property(
      fc.oneof(
        damaged(TSCONFIG),
        json.map(jsonText),
        hostileText.map((text) => text.slice(0, 1000)),
      ),
      (text) => {
        const after = setProperties(text, 'compilerOptions', { module: 'nodenext' });
        const options = after === undefined ? undefined : readJson(after)?.['compilerOptions'];
        const isSet = after === undefined || (options as { module?: unknown }).module === 'nodenext';
        return isSet && writeJson({ a: 1 }, text).endsWith('}\n');
      },
    ),
  ),
];
