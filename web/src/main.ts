import './styles.css';

import { mount } from 'svelte';

import App from './App.svelte';
import { startSession } from './lib/client';
import { startLocale } from './lib/i18n.svelte';
import { startTheme } from './lib/theme.svelte';

startTheme();
await Promise.all([startLocale(), startSession()]);
mount(App, { target: document.getElementById('app')! });
