import ltr from 'bootstrap/dist/css/bootstrap.min.css?url';
import rtl from 'bootstrap/dist/css/bootstrap.rtl.min.css?url';

import english from '../locales/en';

/** Texts by key. A text with plural forms has one per category of `Intl.PluralRules`. */
export type Catalog = Record<string, string | Record<string, string>>;
export type Key = keyof typeof english;
type Values = Record<string, string | number>;

const KEY = 'locale';
const RIGHT_TO_LEFT = new Set(['ar', 'fa', 'he', 'ps', 'sd', 'ur', 'yi']);
const RIGHT_TO_LEFT_LETTERS = /[\u0590-\u08ff\ufb1d-\ufefc]/;
// The characters themselves, or escapes of them, are reported as attacks by compilers.
const ISOLATE = String.fromCodePoint(0x2068);
const END_OF_ISOLATE = String.fromCodePoint(0x2069);
/** Each language is a directory of texts, one file per page. */
const catalogs = import.meta.glob<{ default: Catalog }>('../locales/*/index.ts');
/** Name of each language in itself, by code. */
export const LOCALES: Record<string, string> = Object.fromEntries(
  Object.keys(catalogs)
    .map((path) => path.split('/').at(-2)!)
    .map((code) => [code, ownName(code)] as const)
    .sort(([, one], [, other]) => one.localeCompare(other)),
);

function ownName(code: string): string {
  const name = new Intl.DisplayNames(code, { type: 'language' }).of(code) ?? code;
  return name.charAt(0).toLocaleUpperCase(code) + name.slice(1);
}

class Locale {
  code = $state('en');
  catalog = $state.raw<Catalog>(english);

  /** Direction of writing of the pages. */
  get direction(): 'ltr' | 'rtl' {
    return RIGHT_TO_LEFT.has(this.code) ? 'rtl' : 'ltr';
  }

  /** Show another language. Texts that it lacks stay English. */
  async choose(code: string): Promise<void> {
    await this.load(code);
    localStorage.setItem(KEY, code);
  }

  async load(code: string): Promise<void> {
    const found = catalogs[`../locales/${code}/index.ts`];
    if (!found) return;
    const direction = RIGHT_TO_LEFT.has(code) ? 'rtl' : 'ltr';
    const [{ default: catalog }] = await Promise.all([found(), style(direction)]);
    this.catalog = catalog;
    this.code = code;
    document.documentElement.lang = code;
    document.documentElement.dir = this.direction;
  }
}

/** Load the stylesheet of a direction of writing in place of the other one. */
async function style(direction: 'ltr' | 'rtl'): Promise<void> {
  const href = direction === 'rtl' ? rtl : ltr;
  const before = document.querySelector<HTMLLinkElement>('link[data-direction]');
  if (before?.dataset.direction === direction) return;
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.dataset.direction = direction;
  await new Promise((loaded) => {
    link.onload = loaded;
    link.onerror = loaded;
    link.href = href;
    document.head.prepend(link);
  });
  before?.remove();
}

/** Language of the pages. */
export const locale = new Locale();

/** Show the language of the last visit, or the first one of the browser that is there. */
export async function startLocale(): Promise<void> {
  const wanted = [localStorage.getItem(KEY) ?? '', ...navigator.languages];
  const code = wanted.map((name) => name.split('-')[0]!).find((name) => name in LOCALES);
  await locale.load(code ?? 'en');
}

/** Return a text with its values. `count` chooses the plural form. */
export function t(key: Key, values: Values = {}): string {
  const found: Catalog[string] = locale.catalog[key] ?? (english as Catalog)[key] ?? key;
  const text = typeof found === 'string' ? found : plural(found, Number(values.count));
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? value.toLocaleString(locale.code) : isolated(value);
  });
}

/** Keep a value of another direction of writing from reordering the text around it. */
export function isolated(value: string): string {
  const mixed = (value && locale.direction === 'rtl') || RIGHT_TO_LEFT_LETTERS.test(value);
  return mixed ? ISOLATE + value + END_OF_ISOLATE : value;
}

function plural(forms: Record<string, string>, count: number): string {
  return forms[new Intl.PluralRules(locale.code).select(count)] ?? forms.other ?? '';
}

/** Return the direction of a text in a language. Of others than these, its first letter decides. */
export function directionOf(language: string): 'rtl' | 'auto' {
  return RIGHT_TO_LEFT.has(language) ? 'rtl' : 'auto';
}

/** Return a date and time as the language writes them. */
export function moment(value: string): string {
  const format = new Intl.DateTimeFormat(locale.code, { dateStyle: 'medium', timeStyle: 'short' });
  return format.format(Date.parse(value));
}

/** Return a length or position such as `3:07` or `1:03:07`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  const rest = two(whole % 60);
  if (minutes < 60) return digits(`${minutes}:${rest}`);
  return digits(`${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`);
}

/** Write the digits of a text as the language does. */
function digits(text: string): string {
  const zero = (0).toLocaleString(locale.code).charCodeAt(0);
  if (zero === 48) return text;
  return text.replace(/\d/g, (digit) => String.fromCharCode(zero + Number(digit)));
}

/** Return a share of 1 such as `54%`. Its marks of direction do not reach the text around it. */
export function percent(share: number): string {
  return isolated(share.toLocaleString(locale.code, { style: 'percent' }));
}

/** Return a size such as `3.2 MB`. */
export function size(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  const power = Math.min(3, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return (bytes / 1000 ** power).toLocaleString(locale.code, {
    style: 'unit',
    unit: units[power],
    unitDisplay: 'short',
    maximumFractionDigits: power > 1 ? 1 : 0,
  });
}
