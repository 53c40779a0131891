import { h } from './dom.js';
import { locale, number, t } from './i18n.js';

// Relative times use the host's clock. It may differ from the browser's, and a demo's runs faster.
const clock = { local: 0, host: 0, base: null, rate: 1 };

export function observeClock(at) {
	const host = Date.parse(at);
	if (!Number.isFinite(host)) return;
	const local = Date.now();
	clock.base ??= { local, host };
	if (local - clock.base.local > 1500) {
		const rate = (host - clock.base.host) / (local - clock.base.local);
		clock.rate = Math.abs(rate - 1) < 0.2 ? 1 : Math.max(0, rate);
		clock.base = { local, host };
	}
	Object.assign(clock, { local, host });
}

// performance.now() stands still while some machines sleep.
export const now = () => clock.host ? clock.host + (Date.now() - clock.local) * clock.rate : Date.now();

export function exactTime(at) {
	const date = new Date(at);
	return isNaN(date) ? String(at) : date.toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'long' });
}

export const zone = () => new Intl.DateTimeFormat(locale(), { timeZoneName: 'short' }).formatToParts().find(part => part.type === 'timeZoneName').value;

const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];

// At most two units: 0.2 s, 45 s, 3 min 20 s, 2 d 4 h.
export function duration(seconds) {
	if (!Number.isFinite(seconds)) return '–';
	const value = Math.abs(seconds);
	if (value < 10) return `${number(value, value < 1 ? 3 : 1)} ${t('unit.s')}`;
	const index = units.findIndex(([, size]) => Math.round(value) >= size);
	const [name, size] = units[index];
	const whole = Math.floor(Math.round(value) / size);
	const rest = index + 1 < units.length ? Math.floor((Math.round(value) - whole * size) / units[index + 1][1]) : 0;
	return `${number(whole)} ${t(`unit.${name}`)}` + (rest > 0 && whole < 60 ? ` ${rest} ${t(`unit.${units[index + 1][0]}`)}` : '');
}

function relative(at) {
	const seconds = (now() - at) / 1000;
	if (seconds < 5 && seconds > -10) return t(seconds < -2 ? 'time.soon' : 'time.now');
	const [name, size] = units.find(([, size]) => Math.abs(seconds) >= size);
	const count = `${number(Math.floor(Math.abs(seconds) / size))} ${t(`unit.${name === 'min' ? 'minutes' : name}`)}`;
	return t(seconds > 0 ? 'time.ago' : 'time.in', { time: count });
}

// A relative time with the exact one as its title. `tick` updates all of them.
export const time = at => (at ? h('time', { datetime: at, title: exactTime(at) }, relative(Date.parse(at))) : '–');

export function tick() {
	for (const element of document.querySelectorAll('time[datetime]')) {
		const text = relative(Date.parse(element.dateTime));
		if (element.textContent !== text) element.textContent = text;
	}
}

export const bytes = count => count < 1024 ? `${number(count)} B` : count < 1048576 ? `${number(count / 1024, 1)} KiB` : `${number(count / 1048576, 1)} MiB`;

export const percent = share => Number.isFinite(share) ? `${number(share * 100, share > 0.99 && share < 1 ? 2 : 1)}${t('percent')}` : '–';

const day = { month: 'short', day: 'numeric' };

export const hourText = (at, withDay) => new Date(at).toLocaleString(locale(), { ...(withDay && day), hour: '2-digit', minute: '2-digit' });

export const dayText = at => new Date(at).toLocaleDateString(locale(), day);
