import { Body, Controller, HttpStatus, Post, Redirect, Res } from '@nestjs/common';
import type { Response } from 'express';
import { DENSITY_COOKIE, DENSITY_COOKIE_OPTIONS, toDensity } from './density.js';

/** Belongs to the browser and not to the user, so it is in a cookie of its own and outlives the session. */
@Controller('preferences')
export class PreferencesController {
  @Post()
  @Redirect('/', HttpStatus.SEE_OTHER)
  save(@Body('density') density: unknown, @Res({ passthrough: true }) res: Response): void {
    res.cookie(DENSITY_COOKIE, toDensity(density), DENSITY_COOKIE_OPTIONS);
  }
}
