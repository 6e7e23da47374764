const NAMES: Record<string, string> = {
  ' ': 'Space',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  MediaPlayPause: 'Media Play',
  MediaTrackPrevious: 'Media |◀',
  MediaTrackNext: 'Media ▶|',
  MediaStop: 'Media Stop',
};

/** Return how a key is shown: `Ctrl+Shift+Z`, `←`. */
export function labelOf(name: string): string {
  const modifiers = /^(?:(?:Ctrl|Alt|Shift)\+)*/.exec(name)![0];
  const key = name.slice(modifiers.length);
  return modifiers + (NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key));
}
