import { Controller, Get, Inject, Injectable, Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  WristbandAuthService,
  WristbandConfigError,
  WristbandModule,
  type WristbandOptions,
  type WristbandOptionsFactory,
} from '../../lib/index.js';
import { startWristbandEmulator, type WristbandEmulator } from '../../lib/testing/index.js';
import { optionsFor } from '../support/test-app.js';

interface NestModule {
  readonly name: string;
  readonly providers: ReadonlyMap<unknown, { readonly scope?: number }>;
}

let emulator: WristbandEmulator;

beforeAll(async () => {
  emulator = await startWristbandEmulator();
});
afterAll(() => emulator.close());

@Injectable()
class OptionsFactory implements WristbandOptionsFactory {
  createWristbandOptions(): WristbandOptions {
    return optionsFor(emulator);
  }
}

@Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
class OptionsModule {}

async function boot(dynamicModule: DynamicModule, controllers: (new (...args: never[]) => unknown)[] = []) {
  @Module({ imports: [dynamicModule], controllers })
  class AppModule {}
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  await app.init();
  return app;
}

describe('WristbandModule', () => {
  it.each<[how: string, register: () => DynamicModule]>([
    ['forRoot', () => WristbandModule.forRoot(optionsFor(emulator))],
    ['useFactory', () => WristbandModule.forRootAsync({ useFactory: () => optionsFor(emulator) })],
    [
      'an asynchronous useFactory',
      () => WristbandModule.forRootAsync({ useFactory: async () => optionsFor(emulator) }),
    ],
    ['useClass', () => WristbandModule.forRootAsync({ useClass: OptionsFactory })],
    [
      'useExisting',
      () => WristbandModule.forRootAsync({ imports: [OptionsModule], useExisting: OptionsFactory }),
    ],
    [
      'inject',
      () =>
        WristbandModule.forRootAsync({
          imports: [
            ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ SECRET: emulator.clientSecret })] }),
          ],
          inject: [ConfigService],
          useFactory: (config: ConfigService) => ({
            ...optionsFor(emulator),
            clientSecret: config.getOrThrow<string>('SECRET'),
          }),
        }),
    ],
    [
      'extraProviders',
      () =>
        WristbandModule.forRootAsync({
          extraProviders: [{ provide: 'OPTIONS', useFactory: () => optionsFor(emulator) }],
          inject: ['OPTIONS'],
          useFactory: (options: WristbandOptions) => options,
        }),
    ],
  ])('works with %s', async (_, register) => {
    const app = await boot(register());

    await expect(app.get(WristbandAuthService, { strict: false }).discover()).resolves.toBeUndefined();

    await app.close();
  });

  it.each([{}, { isGlobal: undefined }])(
    'is visible in every module by default, as with %j',
    async (extras) => {
      @Controller()
      class FeatureController {
        constructor(@Inject(WristbandAuthService) readonly wristband: WristbandAuthService) {}
        @Get()
        get() {}
      }
      @Module({ controllers: [FeatureController] })
      class FeatureModule {}
      const wristband = WristbandModule.forRoot({ ...optionsFor(emulator), ...(extras as object) });
      @Module({ imports: [wristband, FeatureModule] })
      class AppModule {}

      const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
      await app.init();

      expect(app.get(FeatureController, { strict: false }).wristband).toBeInstanceOf(WristbandAuthService);
      await app.close();
    },
  );

  it('stays with its importers when isGlobal is false', async () => {
    @Injectable()
    class Feature {
      constructor(@Inject(WristbandAuthService) readonly wristband: WristbandAuthService) {}
    }
    @Module({ providers: [Feature] })
    class FeatureModule {}
    @Module({
      imports: [WristbandModule.forRoot({ ...optionsFor(emulator), isGlobal: false }), FeatureModule],
    })
    class AppModule {}

    await expect(NestFactory.create(AppModule, { logger: false, abortOnError: false })).rejects.toThrow(
      /resolve dependencies/,
    );
  });

  it('tells of everything beside useFactory that would silently do nothing', () => {
    const useFactory = () => optionsFor(emulator);
    const given = { useFactory, globalguard: true, session: { maxAge: 5 }, route: {}, colour: 'red' };
    const problems = [
      'globalguard: is not an option; did you mean globalGuard?',
      'session: belongs into what useFactory returns',
      'route: is not an option; did you mean routes?',
      'colour: is not an option; check the spelling',
    ];
    const textOf = (lines: string[]) =>
      `The options of WristbandModule cannot work:\n${lines.map((line) => `  - ${line}`).join('\n')}`;

    expect(() => WristbandModule.forRootAsync(given)).toThrow(textOf(problems));
    expect(() => WristbandModule.forRootAsync({})).toThrow(
      textOf(['useFactory: give one of useFactory, useClass and useExisting']),
    );
  });

  it('does not start with options that cannot work', async () => {
    const options = { ...optionsFor(emulator), clientId: '', session: { secrets: 'short' } };

    const start = boot(WristbandModule.forRoot(options));

    await expect(start).rejects.toBeInstanceOf(WristbandConfigError);
    await expect(start).rejects.toMatchObject({
      problems: [{ option: 'clientId' }, { option: 'session.secrets' }],
    });
  });

  it('has no provider that is made anew for each request', async () => {
    const app = await boot(WristbandModule.forRoot(optionsFor(emulator)));

    const { container } = app as unknown as { container: { getModules(): Map<string, NestModule> } };
    const ours = [...container.getModules().values()].find(({ name }) => name === 'WristbandModule')!;
    const wrappers = [...ours.providers.values()];

    expect(wrappers.length).toBeGreaterThan(20);
    expect(wrappers.filter(({ scope }) => scope !== undefined && scope !== 0)).toEqual([]);
    await app.close();
  });
});
