import { type DynamicModule, Module } from '@nestjs/common';
import { checkAsyncOptions } from './config/async-options.js';
import type {
  WristbandAsyncOptions,
  WristbandModuleExtras,
  WristbandOptions,
} from './interfaces/wristband-options.interface.js';
import { ConfigurableModuleClass } from './wristband.module-definition.js';

/**
 * Sign-in with Wristband for the application. Import it once, in the root module.
 */
@Module({})
export class WristbandModule extends ConfigurableModuleClass {
  /**
   * With options that are at hand.
   *
   * @example
   * ```ts
   * WristbandModule.forRoot({
   *   clientId: '…',
   *   clientSecret: '…',
   *   wristbandApplicationVanityDomain: 'myapp-mycompany.us.wristband.dev',
   *   session: { secrets: '…at least 32 characters…' },
   * })
   * ```
   * @throws {WristbandConfigError} at start-up, with every mistake in the options
   */
  static override forRoot(options: WristbandOptions & WristbandModuleExtras): DynamicModule {
    return super.forRoot(options);
  }

  /**
   * With options that come from elsewhere.
   *
   * @example
   * ```ts
   * WristbandModule.forRootAsync({
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({
   *     clientId: config.getOrThrow('CLIENT_ID'),
   *     …
   *   }),
   * })
   * ```
   * @throws {WristbandConfigError} at once, with every mistake in what stands beside `useFactory`; at start-up, with every
   * mistake in the options
   */
  static override forRootAsync(options: WristbandAsyncOptions): DynamicModule {
    checkAsyncOptions(options);
    const { extraProviders = [], ...rest } = options;
    const definition = super.forRootAsync(rest as Parameters<typeof ConfigurableModuleClass.forRootAsync>[0]);
    return { ...definition, providers: [...(definition.providers ?? []), ...extraProviders] };
  }
}
