import './styles.css';

import { mount } from 'svelte';

import { arrive } from './accounts/account.svelte';
import App from './App.svelte';
import { startLocale } from './lib/i18n.svelte';
import { startTheme } from './lib/theme.svelte';

startTheme();
const target = document.getElementById('app')!;
if (/^\/shared\/?$/.test(location.pathname)) {
  // Whoever opens a link needs no session, and does not change the one that is there.
  await startLocale();
  const { default: LinkPage } = await import('./sharing/LinkPage.svelte');
  mount(LinkPage, { target });
} else {
  const [, way] = await Promise.all([startLocale(), arrive()]);
  if (way) {
    const { default: Entrance } = await import('./accounts/Entrance.svelte');
    mount(Entrance, { target, props: { way } });
  } else {
    mount(App, { target });
  }
}
