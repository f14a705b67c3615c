import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { readJson, writeJson } from '../../../lib/cli/init/json.js';
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
const MANIFEST = '{\n\t"dependencies": { "@nestjs/core": "^11.0.1" }\n}\n';

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
    'cli/init/json',
    'reads an object of any text, or nothing, and writes it again',
    1500,
    fc.property(
      fc.oneof(
        damaged(MANIFEST),
        json.map(jsonText),
        hostileText.map((text) => text.slice(0, 1000)),
      ),
      (text) => {
        const object = readJson(text);
        return object === undefined || isDeepStrictEqual(readJson(writeJson(object, text)), object);
      },
    ),
  ),
];
