import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cookieDecision } from '../../../../lib/session/keepers/cookie-writer.js';
import { openSession, writingTools, written } from '../../../support/open-session.js';

const NOW = 1_800_000_000;
const GONE = 'session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax';

beforeEach(() => void vi.useFakeTimers({ now: NOW * 1000, toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

const wait = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

describe('decide', () => {
  it('writes nothing for a visitor in whose session nothing is', () => {
    expect(cookieDecision(openSession(), writingTools())).toMatchObject({ cookies: [] });
  });

  it('writes a new session as soon as something is in it, or when that is asked for', () => {
    const tools = writingTools();
    const [filled, saved] = [openSession(), openSession()];

    filled.session.theme = 'dark';
    saved.session.save();

    const decision = cookieDecision(filled, tools);
    expect(written(decision, tools)).toEqual({
      id: filled.session.id,
      fields: { theme: 'dark' },
      maxAge: 3600,
    });
    expect(decision.isRenewal).toBe(false);
    expect(written(cookieDecision(saved, tools), tools)).toEqual({
      id: saved.session.id,
      fields: {},
      maxAge: 3600,
    });
  });

  it('writes what changed, at once', () => {
    const tools = writingTools();
    const opened = openSession({ a: 1 });

    opened.session.a = 2;

    const decision = cookieDecision(opened, tools);
    expect(written(decision, tools)).toEqual({ id: 'id-1', fields: { a: 2 }, maxAge: 3600 });
    expect(decision).toMatchObject({ isRenewal: false, sealedJson: decision.snapshot.json });
    expect(decision.cookies).toHaveLength(1);
  });

  it('writes the same again when that is asked for, which is no renewal', () => {
    const tools = writingTools();
    const opened = openSession({ a: 1 });

    opened.session.save();

    const decision = cookieDecision(opened, tools);
    expect(written(decision, tools)).toMatchObject({ fields: { a: 1 } });
    expect(decision.isRenewal).toBe(false);
  });

  it.each([
    [9, {}, false],
    [10, {}, true],
    [0, { touchAfter: 0 }, true],
    [3599, { maxAge: 0 }, false],
  ])('renews a session that is %i seconds old with %j: %s', (age, session, isRenewed) => {
    const tools = writingTools({ touchAfter: 10, ...session });
    const opened = openSession({ a: 1 });

    wait(age);

    const decision = cookieDecision(opened, tools);
    expect(decision.cookies.length > 0).toBe(isRenewed);
    expect(decision.isRenewal ?? false).toBe(isRenewed);
    expect(decision.snapshot.stored.fields).toEqual({ a: 1 });
  });

  it('does not undo by a renewal what another response has written since the request came', () => {
    const tools = writingTools({ touchAfter: 0 });
    const [before, after] = [openSession({ a: 1 }), openSession({ a: 1 })];

    tools.changes.add('id-1');

    expect(cookieDecision(before, tools).cookies).toEqual([]);
    expect(cookieDecision({ ...after, changesBefore: tools.changes.count }, tools).cookies).toHaveLength(1);
    expect(cookieDecision({ ...after, changesBefore: undefined }, tools).cookies).toEqual([]);
  });

  it('writes nothing of a session that was ended meanwhile, and removes nothing of the next', () => {
    const tools = writingTools();
    const opened = openSession({ a: 1 });

    opened.session.a = 2;
    tools.ended.addId('id-1');

    const decision = cookieDecision(opened, tools);
    expect(decision.cookies).toEqual([]);
    expect(decision.snapshot.stored.fields).toEqual({ a: 2 });
  });

  it('removes the cookies of a session that ends', () => {
    const opened = openSession({ a: 1 });

    opened.session.clear();

    const decision = cookieDecision({ ...opened, cookieNames: ['session', 'session.0'] }, writingTools());
    expect(decision.cookies).toEqual([GONE, GONE.replace('session', 'session.0')]);
    expect(decision.snapshot.isDestroyed).toBe(true);
  });

  it('removes nothing from a browser that brought nothing', () => {
    const opened = openSession();

    opened.session.clear();

    expect(cookieDecision(opened, writingTools({ enableCsrfProtection: true })).cookies).toEqual([]);
  });

  it('writes the CSRF token beside the session, for as long, where the protection is on', () => {
    const opened = openSession();
    opened.session.csrfToken = 'token';

    const { cookies } = cookieDecision(opened, writingTools({ enableCsrfProtection: true }));

    expect(cookies).toEqual([
      expect.stringMatching(/^session=/),
      'CSRF-TOKEN=token; Max-Age=3600; Path=/; Secure; SameSite=Lax',
    ]);
    expect(cookieDecision(opened, writingTools()).cookies).toHaveLength(1);
  });

  it('writes no CSRF token that is none', () => {
    const opened = openSession();
    opened.session.csrfToken = 5;

    expect(cookieDecision(opened, writingTools({ enableCsrfProtection: true })).cookies).toHaveLength(1);
  });

  it('seals once what it is asked for twice, and looks at the rest again', () => {
    const tools = writingTools();
    const opened = openSession({ a: 1 });
    opened.session.a = 2;
    const known = cookieDecision(opened, tools);

    expect(cookieDecision(opened, tools, known)).toMatchObject({
      cookies: known.cookies,
      sealedJson: known.sealedJson,
    });

    opened.session.save();
    const later = cookieDecision(opened, tools, known);
    expect(later.cookies).toBe(known.cookies);
    expect(later.snapshot.isSaveRequested).toBe(true);

    opened.session.a = 3;
    expect(written(cookieDecision(opened, tools, known), tools)).toMatchObject({ fields: { a: 3 } });
  });

  it('says what JSON cannot carry, and writes nothing', () => {
    const opened = openSession({ a: 1 });
    opened.session.a = new Map();

    const { error, cookies } = cookieDecision(opened, writingTools());

    expect(error).toMatchObject({
      code: 'session_not_serializable',
      message: expect.stringContaining('a: a Map'),
    });
    expect(cookies).toEqual([]);
  });

  it.each([
    [1, 'a cookie of 4096'],
    [2, '2 cookies of 4096'],
  ])(
    'says of a session that does not fit into %i cookies how large it is, and what takes the space',
    (maxCookies, space) => {
      const opened = openSession({ a: 1 });
      opened.session.blob = 'x'.repeat(9000);

      const { error, cookies } = cookieDecision(opened, writingTools({ maxCookies }));

      expect(error).toMatchObject({
        code: 'session_too_large',
        message: expect.stringMatching(
          new RegExp(
            `^The session needs 12\\d{3} bytes and does not fit into ${space} .* fields are blob \\(9002 bytes\\), a`,
          ),
        ),
      });
      expect(cookies).toEqual([]);
    },
  );
});
