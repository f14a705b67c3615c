import { ConfigurableModuleBuilder, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { checkedRoutes } from './controllers/endpoint-paths.js';
import { readyMadeControllers } from './controllers/ready-made.controllers.js';
import { WristbandConfigError } from './errors/wristband-config.error.js';
import { WristbandAuthGuard } from './guards/wristband-auth.guard.js';
import type { WristbandModuleExtras, WristbandOptions } from './interfaces/wristband-options.interface.js';
import { OPTIONS } from './wristband.constants.js';
import { applicationProviders } from './wristband.providers.js';

export const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<WristbandOptions>({
  moduleName: 'Wristband',
  optionsInjectionToken: OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createWristbandOptions')
  .setExtras<WristbandModuleExtras>(
    { name: undefined, isGlobal: true, globalGuard: false, routes: undefined },
    (definition, { name, isGlobal, globalGuard, routes }): DynamicModule => {
      checkName(name);
      const endpoints = routes && checkedRoutes(routes);
      const { providers, exports } = applicationProviders(name, definition.providers ?? [], endpoints);
      // An alias of the guard itself: `overrideProvider(WristbandAuthGuard)` in a test reaches it.
      const guard: Provider[] = globalGuard ? [{ provide: APP_GUARD, useExisting: WristbandAuthGuard }] : [];
      return {
        ...definition,
        global: isGlobal !== false,
        controllers: endpoints ? readyMadeControllers(endpoints, name) : [],
        providers: [...providers, ...guard],
        exports,
      };
    },
  )
  .build();

/** It becomes a part of names of cookies and of a property of requests. */
function checkName(name: unknown): void {
  if (name === undefined || (typeof name === 'string' && /^[a-z][a-zA-Z0-9]{0,31}$/.test(name))) return;
  const message = 'must be letters and digits, the first one a small letter, for example staff';
  throw new WristbandConfigError([{ option: 'name', message }]);
}
