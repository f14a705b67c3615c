import { describe, expect, it } from 'vitest';
import { joinedValues } from '../../../../lib/session/cookies/cookie-family.js';

const cookies = (...pairs: [name: string, value: string][]) =>
  pairs.map(([name, value]) => ({ name, value }));

describe('joinedValues', () => {
  it('offers also fewer parts than there are, since an overtaken response may have left one too many', () => {
    const sent = cookies(['s.0', 'a'], ['s.1', 'b'], ['s.2', 'old']);

    expect(joinedValues(sent, 's', 3)).toEqual(['abold', 'ab', 'a']);
  });

  it('offers whole values first, and of parts that come twice all the first and all the last', () => {
    const sent = cookies(
      ['s.0', 'a'],
      ['s', 'whole'],
      ['s.0', 'x'],
      ['s.1', 'b'],
      ['s.1', 'y'],
      ['s.3', 'z'],
    );

    expect(joinedValues(sent, 's', 3)).toEqual(['whole', 'ab', 'xy', 'a', 'x']);
  });

  it('looks at no parts when a session is one cookie', () => {
    expect(joinedValues(cookies(['s.0', 'a'], ['s', 'whole']), 's', 1)).toEqual(['whole']);
  });
});
