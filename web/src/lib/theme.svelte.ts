export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

class Settings {
  chosen = $state<Theme>('auto');

  choose(theme: Theme): void {
    this.chosen = theme;
    localStorage.setItem(KEY, theme);
    apply();
  }
}

/** Light or dark colors, as chosen or as the system has them. */
export const theme = new Settings();

/** Apply the theme of the last visit. */
export function startTheme(): void {
  const kept = localStorage.getItem(KEY);
  if (kept === 'light' || kept === 'dark') theme.chosen = kept;
  dark.addEventListener('change', apply);
  apply();
}

function apply(): void {
  const shown = theme.chosen === 'auto' ? (dark.matches ? 'dark' : 'light') : theme.chosen;
  document.documentElement.dataset.bsTheme = shown;
}
