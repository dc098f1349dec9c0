import { Notification } from 'electron';
import type { BrowserWindow } from 'electron';
import type { ConsoleMain } from '../../console/index.ts';
import { PAGE_URL } from './pages.ts';

const ALERTS_URL = `${PAGE_URL}#/alerts`;

/** Shows each new alert in the way of the desktop; a click on it brings the window with the alerts. Gives the function that ends it. */
export function notifyAlerts(main: Pick<ConsoleMain, 'onAlert'>, window: BrowserWindow): () => void {
  if (!Notification.isSupported()) return () => undefined;
  return main.onAlert(({ text, todo, mirror, subject, severity }) => {
    const notification = new Notification({
      title: `${mirror ?? subject}: ${severity === 'bad' ? 'act now' : 'needs attention'}`,
      body: `${text}\n${todo}`,
      urgency: severity === 'bad' ? 'critical' : 'normal',
    });
    notification.on('click', () => {
      if (window.isMinimized()) window.restore();
      window.focus();
      void window.loadURL(ALERTS_URL);
    });
    notification.show();
  });
}
