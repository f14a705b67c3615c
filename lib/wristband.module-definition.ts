import { ConfigurableModuleBuilder } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { readyMadeControllers } from './controllers/ready-made.controllers.js';
import { WristbandAuthGuard } from './guards/wristband-auth.guard.js';
import type { WristbandModuleExtras, WristbandOptions } from './interfaces/wristband-options.interface.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<WristbandOptions>({
    moduleName: 'Wristband',
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createWristbandOptions')
    .setExtras<WristbandModuleExtras>(
      { isGlobal: true, globalGuard: false, routes: undefined },
      (definition, { isGlobal, globalGuard, routes }) => ({
        ...definition,
        global: isGlobal === true,
        controllers: routes ? readyMadeControllers(routes) : [],
        // An alias of the guard itself: `overrideProvider(WristbandAuthGuard)` in a test reaches it.
        providers: [
          ...(definition.providers ?? []),
          ...(globalGuard ? [{ provide: APP_GUARD, useExisting: WristbandAuthGuard }] : []),
        ],
      }),
    )
    .build();
