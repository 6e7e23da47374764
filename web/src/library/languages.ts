import { locale } from '../lib/i18n.svelte';

/** Languages that can be recognized. */
const CODES = (
  'af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he ' +
  'hi hr ht hu hy id is it ja jv ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne ' +
  'nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ' +
  'ur uz vi yi yo yue zh'
).split(' ');

/** Return the languages with their names in the language of the page, by name. */
export function languages(): { code: string; name: string }[] {
  const names = new Intl.DisplayNames(locale.code, { type: 'language' });
  const sorter = new Intl.Collator(locale.code);
  return CODES.map((code) => ({ code, name: names.of(code) ?? code })).sort((one, other) =>
    sorter.compare(one.name, other.name),
  );
}

/** Return the name of a language in the language of the page. */
export function languageName(code: string): string {
  return new Intl.DisplayNames(locale.code, { type: 'language' }).of(code) ?? code;
}

/** Return a length of time that is known roughly, such as `3 min`. */
export function roughly(seconds: number): string {
  const [unit, value] =
    seconds < 90
      ? ['second', seconds < 10 ? seconds : Math.round(seconds / 5) * 5]
      : seconds < 5400
        ? ['minute', seconds / 60]
        : ['hour', seconds / 3600];
  return Math.max(1, value as number).toLocaleString(locale.code, {
    style: 'unit',
    unit: unit as string,
    unitDisplay: 'short',
    maximumFractionDigits: unit === 'hour' ? 1 : 0,
  });
}
