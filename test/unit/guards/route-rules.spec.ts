import { describe, expect, it } from 'vitest';
import { Auth } from '../../../lib/decorators/auth.decorator.js';
import { AuthStrategies } from '../../../lib/decorators/auth-strategies.decorator.js';
import { OptionalAuth } from '../../../lib/decorators/optional-auth.decorator.js';
import { Public } from '../../../lib/decorators/public.decorator.js';
import { Roles } from '../../../lib/decorators/roles.decorator.js';
import { SkipCsrf } from '../../../lib/decorators/skip-csrf.decorator.js';
import { type RouteRules, routeRules } from '../../../lib/guards/route-rules.js';

type Decorator = ClassDecorator & MethodDecorator;

/** The rules of a handler with these decorators, in a controller with those. */
function rulesOf(ofController: readonly Decorator[], ofHandler: readonly Decorator[]): RouteRules {
  class SomeController {
    handler() {
      return 'ok';
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(SomeController.prototype, 'handler')!;
  for (const decorate of ofController) decorate(SomeController);
  for (const decorate of ofHandler) decorate(SomeController.prototype, 'handler', descriptor);
  return routeRules(descriptor.value as () => string, SomeController);
}

/** Who gets in without a sign-in: everybody unseen, everybody but known users as such, nobody. */
function access({ isPublic, isOptional }: RouteRules): 'public' | 'optional' | 'closed' {
  if (isPublic) return 'public';
  return isOptional ? 'optional' : 'closed';
}

describe('how open a handler is', () => {
  it.each<[controller: Decorator[], handler: Decorator[], ReturnType<typeof access>]>([
    [[], [], 'closed'],
    [[Public()], [], 'public'],
    [[], [Public()], 'public'],
    [[Public(false)], [], 'closed'],
    [[Public()], [Public(false)], 'closed'],
    [[Public(false)], [Public()], 'public'],
    [[OptionalAuth()], [], 'optional'],
    [[], [OptionalAuth()], 'optional'],
    [[OptionalAuth()], [OptionalAuth(false)], 'closed'],
    [[OptionalAuth()], [Public()], 'public'],
    [[OptionalAuth()], [Public(false)], 'closed'],
    [[OptionalAuth()], [Auth()], 'closed'],
    [[OptionalAuth()], [Auth('JWT')], 'closed'],
    [[OptionalAuth()], [Roles(['a'])], 'closed'],
    [[OptionalAuth()], [SkipCsrf()], 'optional'],
    [[OptionalAuth(), Auth('JWT')], [], 'optional'],
    [[OptionalAuth(), Roles(['a'])], [], 'optional'],
    [[Public()], [OptionalAuth()], 'optional'],
    [[Public()], [OptionalAuth(false)], 'closed'],
    [[Public()], [Auth()], 'closed'],
    [[Public()], [AuthStrategies('JWT')], 'closed'],
    [[Public()], [Roles(['a'])], 'closed'],
    [[Public()], [SkipCsrf()], 'public'],
    [[Public()], [AuthStrategies('JWT'), OptionalAuth()], 'optional'],
    [[Public()], [AuthStrategies('JWT'), Public()], 'closed'],
    [[OptionalAuth(), Public()], [], 'optional'],
    [[Auth('SESSION')], [Public()], 'public'],
    [[Auth('SESSION')], [OptionalAuth()], 'optional'],
    [[Auth('SESSION'), Roles(['a'])], [Public()], 'public'],
  ])('row %#', (ofController, ofHandler, expected) => {
    expect(access(rulesOf(ofController, ofHandler))).toBe(expected);
  });
});

describe('what else a handler says', () => {
  it('beats its controller', () => {
    const of = [AuthStrategies('SESSION'), Roles(['a']), SkipCsrf()];
    const own = [AuthStrategies('JWT'), Roles(['b'], { match: 'all' }), SkipCsrf(false)];

    expect(rulesOf(of, own)).toMatchObject({
      strategies: ['JWT'],
      roles: { roles: ['b'], match: 'all' },
      isCsrfSkipped: false,
    });
    expect(rulesOf(of, [])).toMatchObject({
      strategies: ['SESSION'],
      roles: { roles: ['a'], match: 'any' },
      isCsrfSkipped: true,
    });
    expect(rulesOf([], [])).toMatchObject({ strategies: undefined, roles: undefined, isCsrfSkipped: false });
  });

  it('with @Public, frees it from the roles of its controller, but not from its own', () => {
    expect(rulesOf([Roles(['a'])], [Public()]).roles).toBeUndefined();
    expect(rulesOf([Roles(['a'])], [Public(), Roles(['b'])]).roles).toEqual({ roles: ['b'], match: 'any' });
    expect(rulesOf([Public(), Roles(['a'])], []).roles).toEqual({ roles: ['a'], match: 'any' });
  });

  it('counts for each of the controllers that share it', () => {
    class Base {
      handler() {
        return 'ok';
      }
    }
    class Open extends Base {}
    class Closed extends Base {}
    Public()(Open);
    // oxlint-disable-next-line typescript/unbound-method -- only its metadata is read
    const { handler } = Base.prototype;

    expect(routeRules(handler, Open).isPublic).toBe(true);
    expect(routeRules(handler, Closed).isPublic).toBe(false);
    expect(routeRules(handler, Open).isPublic).toBe(true);
    expect(routeRules(handler, Closed)).toBe(routeRules(handler, Closed));
  });
});
