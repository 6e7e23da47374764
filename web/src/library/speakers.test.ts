import { expect, test } from 'vitest';

import { speakerNumbers, type SpeakerChoice, type SpeakerNumbers } from './speakers';

test.each<[SpeakerChoice, SpeakerNumbers]>([
  [{ number: '', least: 2, most: 3 }, {}],
  [{ number: '2', least: 3 }, { num_speakers: 2 }],
  [{ number: 'between' }, {}],
  [{ number: 'between', least: null, most: 4 }, { max_speakers: 4 }],
  [{ number: 'between', least: 2 }, { min_speakers: 2 }],
  [
    { number: 'between', least: 4, most: 2 },
    { min_speakers: 2, max_speakers: 4 },
  ],
  [
    { number: 'between', least: -3, most: 70.4 },
    { min_speakers: 1, max_speakers: 50 },
  ],
])('%o is %o', (choice, numbers) => {
  expect(speakerNumbers(choice)).toEqual(numbers);
});
