import { mount } from 'svelte';
import { openConsole } from '../main/contract/index.ts';
import { assert } from '../engine/io/assert.ts';
import App from './app/App.svelte';
import './styles/index.ts';

const target = document.getElementById('app');
assert(target, 'the page has an element #app');
mount(App, { target, props: { client: openConsole(window) } });
