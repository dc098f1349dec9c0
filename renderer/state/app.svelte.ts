import { createContext } from 'svelte';
import type { ActionInput, ConsoleClient, Theme } from '../../main/contract/index.ts';
import { strings } from '../strings.ts';
import { ActionFlow } from './action.svelte.ts';
import { AlertsState, browserNotifier } from './alerts.svelte.ts';
import { ConsoleState } from './console.svelte.ts';
import { membersOffers, membersWizards } from './member-offers.ts';
import { allOffers } from './offers.ts';
import type { Command } from './palette.ts';
import { mirrorOf } from './route.ts';
import { Router } from './router.svelte.ts';
import { ThemeState } from './theme.svelte.ts';
import { allWizards } from './wizards.ts';

/** All state that outlives a page, found by components through the context. */
export class AppState {
  readonly console: ConsoleState;
  readonly router = new Router();
  readonly theme = new ThemeState();
  readonly action: ActionFlow;
  readonly alerts: AlertsState;
  /** The mirror last looked at, so that the rail leads back to it. */
  lastMirror: string | null = $state(null);
  readonly mirror: string | null = $derived.by(() => this.#currentMirror());
  /** The one registry of commands, of the state as it is now. */
  readonly commands: Command[] = $derived.by(() => [
    ...this.#navigation(),
    ...this.#actions(),
    ...this.#wizards(),
    ...this.#themes(),
    ...this.#jobs(),
  ]);

  constructor(client: ConsoleClient) {
    this.console = new ConsoleState(client);
    this.action = new ActionFlow(client);
    // The preload script is there in the desktop shell only, which notifies by itself.
    this.alerts = new AlertsState(client, 'gemel' in globalThis ? null : browserNotifier(), ({ mirror, subject, severity }) =>
      strings.alerts.notification(mirror ?? subject, severity === 'bad'),
    );
  }

  /** The mirror whose pages the rail offers: the one looked at, else the last one, else the worst. */
  #currentMirror(): string | null {
    const looked = mirrorOf(this.router.route);
    if (looked !== null) return looked;
    const mirrors = this.console.overview?.mirrors ?? [];
    return (mirrors.find((m) => m.name === this.lastMirror) ?? mirrors[0])?.name ?? null;
  }

  #navigation(): Command[] {
    const { palette, rail } = strings;
    const go = (id: string, title: string, run: () => void): Command => ({ id: `go:${id}`, title, group: palette.goTo, run });
    return [
      go('overview', palette.open(rail.overview.toLowerCase()), () => this.router.go({ page: 'overview' })),
      ...(this.console.overview?.mirrors ?? []).map((m) =>
        go(`monitor:${m.name}`, palette.openMonitor(m.name), () => this.router.go({ page: 'monitor', mirror: m.name })),
      ),
      ...(this.console.overview?.mirrors ?? []).flatMap(({ name }) => [
        go(`databases:${name}`, palette.openDatabases(name), () => this.router.go({ page: 'databases', mirror: name })),
        go(`journal:${name}`, palette.openJournal(name), () => this.router.go({ page: 'journal', mirror: name })),
      ]),
      ...(this.console.overview?.mirrors ?? []).map((m) =>
        go(`members:${m.name}`, palette.openMembers(m.name), () => this.router.go({ page: 'members', mirror: m.name })),
      ),
      ...(this.console.overview?.mirrors ?? []).map((m) =>
        go(`procedures:${m.name}`, palette.openProcedures(m.name), () => this.router.go({ page: 'procedures', mirror: m.name, run: null })),
      ),
      ...(this.console.overview?.mirrors ?? []).map((m) =>
        go(`history:${m.name}`, palette.openHistory(m.name), () => this.router.go({ page: 'history', mirror: m.name })),
      ),
      go('alerts', palette.open(rail.alerts.toLowerCase()), () => this.router.go({ page: 'alerts' })),
      go('hosts', palette.open(rail.hosts.toLowerCase()), () => this.router.go({ page: 'hosts' })),
      go('activity', palette.open(rail.activity.toLowerCase()), () => this.router.go({ page: 'activity', job: null })),
    ];
  }

  #actions(): Command[] {
    const overview = this.console.overview;
    if (overview === null) return [];
    return [...allOffers(overview), ...overview.mirrors.flatMap(membersOffers)].map(({ action, title }) => ({
      id: `do:${JSON.stringify(action)}`,
      title,
      group: groupOf(action),
      run: () => void this.action.open(action),
    }));
  }

  #wizards(): Command[] {
    const overview = this.console.overview;
    if (overview === null) return [];
    return [...allWizards(overview), ...overview.mirrors.flatMap(membersWizards)].map(({ form, about, title }) => ({
      id: `wizard:${form}:${JSON.stringify(about)}`,
      title,
      group: strings.wizards.group,
      run: () => this.router.go({ page: 'wizard', form, about }),
    }));
  }

  #themes(): Command[] {
    const themes: readonly Theme[] = ['light', 'dark', 'system'];
    return themes.map((theme) => ({
      id: `theme:${theme}`,
      title: strings.palette.theme(strings.bar.themes[theme]),
      group: strings.palette.view,
      run: () => this.console.setTheme(theme),
    }));
  }

  #jobs(): Command[] {
    return this.console.jobs.slice(0, 5).map((job) => ({
      id: `job:${job.id}`,
      title: strings.palette.openJob(job.title),
      group: strings.rail.activity,
      run: () => this.router.go({ page: 'activity', job: job.id }),
    }));
  }
}

function groupOf(action: ActionInput): string {
  if ('mirror' in action) return action.mirror;
  if ('instance' in action) return strings.palette.instances;
  return 'host' in action ? strings.palette.hosts : strings.palette.demo;
}

const [getApp, setApp] = createContext<AppState>();
export { getApp, setApp };
