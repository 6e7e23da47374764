import './styles.css';

import { mount } from 'svelte';

import App from './App.svelte';
import { startLocale } from './lib/i18n.svelte';
import { startTheme } from './lib/theme.svelte';

startTheme();
await startLocale();
mount(App, { target: document.getElementById('app')! });
