import type { Theme } from '../../main/contract/index.ts';

const darkQuery = matchMedia('(prefers-color-scheme: dark)');

/** Puts the chosen theme on the page, and follows the system where that is chosen. */
export class ThemeState {
  #systemDark: boolean = $state(darkQuery.matches);
  choice: Theme = $state('system');
  readonly dark: boolean = $derived(this.choice === 'dark' || (this.choice === 'system' && this.#systemDark));

  constructor() {
    darkQuery.addEventListener('change', (event) => (this.#systemDark = event.matches));
  }

  apply(): void {
    document.documentElement.setAttribute('theme', this.dark ? 'g100' : 'g10');
  }
}
