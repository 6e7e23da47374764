import { afterEach, expect, test, vi } from 'vitest';

import { Document } from './document.svelte';
import { Player } from './player.svelte';

afterEach(() => {
  vi.restoreAllMocks();
  localStorage.clear();
});

/** A player of a recording of which it is not known yet whether there is a copy. */
function opened() {
  const player = new Player(new Document(1));
  const { audio } = player;
  const play = vi.spyOn(audio, 'play').mockResolvedValue();
  const arrive = () => audio.onloadedmetadata!(new Event('loadedmetadata'));
  return { player, play, arrive };
}

test('a word that is clicked early is played once the recording is there', () => {
  const { player, play, arrive } = opened();
  player.play(4);
  expect(play).not.toHaveBeenCalled();
  arrive();
  expect(play).toHaveBeenCalledTimes(1);
  expect([player.time, player.audio.currentTime]).toEqual([4, 4]);
});

test('what was wanted early can be taken back', () => {
  const { player, play, arrive } = opened();
  player.toggle();
  player.toggle();
  arrive();
  expect(play).not.toHaveBeenCalled();
});

test('without a copy, nothing is played', () => {
  const { player, play } = opened();
  player.play(4);
  (player.audio.onerror as () => void)();
  player.play(5);
  expect([player.available, player.time]).toEqual([false, 5]);
  expect(play).not.toHaveBeenCalled();
});
