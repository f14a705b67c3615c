import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { ResolvedOptions } from '../config/resolved-options.js';
import { defineRequestProperty } from '../http/request-property.js';
import { RESOLVED_OPTIONS } from '../wristband.constants.js';
import { bindServer } from './request-identity.js';
import { SessionManager } from './session.manager.js';

/** Makes the session readable as `req.session`, for code that has a request and no `@Session()`. */
@Injectable()
export class SessionProperty implements OnModuleInit {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly adapterHost: HttpAdapterHost,
    private readonly sessions: SessionManager,
  ) {}

  onModuleInit(): void {
    const { httpAdapter } = this.adapterHost;
    const name = this.options.session?.requestProperty;
    // An application context without a server has no requests.
    if (!httpAdapter || name === undefined) return;
    const server = httpAdapter.getInstance<object>();
    bindServer(server, this.sessions);
    defineRequestProperty(
      httpAdapter,
      name,
      (request, response) => this.sessions.open(request, response),
      (user) => this.sessions.conflicts?.warnOfProperty(user, { server }),
    );
  }
}
