import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { WristbandModuleExtras, WristbandOptions } from './interfaces/wristband-options.interface.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<WristbandOptions>({
    moduleName: 'Wristband',
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createWristbandOptions')
    .setExtras<Required<WristbandModuleExtras>>({ isGlobal: true }, (definition, { isGlobal }) => ({
      ...definition,
      global: isGlobal,
    }))
    .build();
