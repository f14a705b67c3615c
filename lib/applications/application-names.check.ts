import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { type ConfigProblem, WristbandConfigError } from '../errors/wristband-config.error.js';
import { applicationsIn } from './applications.js';

/** What two Wristband applications of one Nest application may not have in common. */
const OWN: Readonly<Record<string, (options: ResolvedOptions) => string | undefined>> = {
  'session.cookieName': ({ session }) => session?.cookieName,
  'session.csrfCookieName': ({ session }) =>
    session?.enableCsrfProtection === true ? session.csrfCookieName : undefined,
  'session.requestProperty': ({ session }) => session?.requestProperty,
};

/** Does not let an application start in which one Wristband application would get in the way of another. */
@Injectable()
export class ApplicationNamesCheck implements OnModuleInit {
  constructor(private readonly modules: ModulesContainer) {}

  /** @throws {WristbandConfigError} */
  onModuleInit(): void {
    const problems = applicationProblems(applicationsIn(this.modules));
    if (problems.length > 0) throw new WristbandConfigError(problems);
  }
}

/** What applications have in common that each should have for itself. */
export function applicationProblems(applications: readonly ResolvedOptions[]): ConfigProblem[] {
  const names = applications.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (names.length > new Set(names).size) {
    const which = twice === undefined ? 'without a name' : `with the name ${twice}`;
    const message = `WristbandModule is imported more than once ${which}: import it once, it is global, or give each application a name of its own`;
    return [{ option: 'name', message }];
  }
  return Object.entries(OWN).flatMap(([option, read]) => {
    const values = applications.map(read).filter((value) => value !== undefined);
    const shared = values.find((value, index) => values.indexOf(value) !== index);
    if (shared === undefined) return [];
    return [{ option, message: `two Wristband applications use ${shared}: give each its own` }];
  });
}
