/** Marks of browsers and systems in `User-Agent`. The first one that is found counts. */
const BROWSERS: [RegExp, string][] = [
  [/Edg(?:e|A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/SamsungBrowser\//, 'Samsung Internet'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\/|Chromium\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/Android/, 'Android'],
  [/iPhone|iPad|iPod/, 'iOS'],
  [/Windows/, 'Windows'],
  [/CrOS/, 'ChromeOS'],
  [/Macintosh|Mac OS X/, 'macOS'],
  [/Linux|X11/, 'Linux'],
];
const LONGEST = 60;

/** Return a short name of the program that sent a `User-Agent`, empty if it has none. */
export function deviceOf(userAgent: string): string {
  const named = (names: [RegExp, string][]) =>
    names.find(([mark]) => mark.test(userAgent))?.[1] ?? '';
  const browser = named(BROWSERS);
  if (!browser) return userAgent.slice(0, LONGEST);
  return [browser, named(SYSTEMS)].filter(Boolean).join(' · ');
}
