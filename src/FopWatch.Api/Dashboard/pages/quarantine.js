import { address, get, mayAct, post, query, send, sourceNames } from '../api.js';
import { actOnAll } from '../bulk.js';
import { h, replace } from '../dom.js';
import { bytes, time } from '../format.js';
import { t, word } from '../i18n.js';
import { actionButton, confirm, copyButton, curlLine, facts, loading, sourceSelect, stateBox, toast } from '../ui.js';

// What could not be understood or verified: why, what would make it right, and what it was.
export function page({ main, parameters, signal, fail, setParameters }) {
	let source = parameters.get('source') ?? '';
	let shown = [];
	let continuation = null;
	const bar = h('div.bar');
	const list = h('div.cards.wide');
	const body = h('div', loading());
	main.append(h('h1', t('nav.quarantine')), h('p.intro', t('quarantine.intro')), bar, body);
	drawBar(null);
	sourceNames().then(names => !signal.aborted && drawBar(names));
	load();

	function drawBar(names) {
		replace(bar,
			sourceSelect(names, source, value => { source = value; setParameters({ source }); load(); }),
			actionButton(t('refresh'), load),
			mayAct() && actionButton(t('quarantine.retryAll'), async () => {
				if (await actOnAll('/api/quarantine', 'retry', { source }, signal)) await load();
			}, { title: t('quarantine.retry.explained') }));
	}

	async function load() {
		try {
			shown = [];
			list.replaceChildren();
			add(await get(`/api/quarantine${query({ source, top: 20 })}`, signal));
		} catch (error) {
			fail(error, load);
		}
	}

	function add(answer) {
		shown.push(...answer.notifications);
		continuation = answer.continuation;
		list.append(...answer.notifications.map(entry));
		replace(body, h('div.loaded',
			answer.unreadable?.length > 0 && stateBox('error', t('quarantine.unreadable', { n: answer.unreadable.length }), answer.unreadable.join(', ')),
			shown.length === 0 && !continuation ? stateBox('empty', t('quarantine.none.title'), t('quarantine.none.text')) : list,
			continuation && h('div.bar', actionButton(t('more'), async () => add(await get(`/api/quarantine${query({ source, top: 20, continuation })}`, signal))))));
	}

	function entry(notification) {
		const { key, signature } = notification;
		const reason = h('p.verdict.break', notification.reason);
		const advice = h('div');
		drawAdvice(signature);
		const element = h('article.card', { 'aria-label': key },
			h('h2', notification.source, h('small', time(notification.receivedAt)), h('small', bytes(notification.size))),
			reason, advice,
			facts([
				[t('search.key'), [h('span.break', key), copyButton(key)]],
				[t('quarantine.correlation'), notification.correlation && h('bdi.break', notification.correlation)],
			]),
			h('details', h('summary', t('quarantine.headers')), h('dl.facts.wide', Object.entries(notification.headers).map(([name, value]) => h('div', h('dt', name), h('dd.break', value))))),
			bodyOf(notification),
			mayAct() && h('div.bar',
				actionButton(t('action.retry'), async () => {
					const answer = await post(`/api/quarantine/${encodeURIComponent(key)}/retry`);
					if (answer.result === 'quarantined') {
						reason.textContent = answer.reason ?? notification.reason;
						drawAdvice(answer.signature);
						toast(t('quarantine.still'), true);
					} else {
						toast(word('result', answer.result));
						remove();
					}
				}, { title: t('quarantine.retry.explained'), kind: 'primary' }),
				actionButton(t('quarantine.delete'), async () => {
					if (!await confirm(t('quarantine.delete'), t('quarantine.delete.confirm'), t('quarantine.delete'), true)) return;
					await send('DELETE', `/api/quarantine/${encodeURIComponent(key)}`);
					toast(t('done'));
					remove();
				}, { kind: 'danger-text' })));

		function drawAdvice(diagnosis) {
			replace(advice, diagnosis && [
				h('p.advice', h('strong', t('quarantine.advice')), ' ', h('span.break', diagnosis.suggestion), copyButton(diagnosis.suggestion)),
				facts([
					[t('quarantine.accessKey'), diagnosis.accessKey && h('bdi.break', diagnosis.accessKey)],
					[t('quarantine.checkedUrl'), h('span.break', diagnosis.checkedUrl)],
					[t('quarantine.signedUrl'), diagnosis.signedUrl && h('span.break', diagnosis.signedUrl)],
				])]);
		}

		function remove() {
			element.remove();
			shown = shown.filter(one => one.key !== key);
			if (shown.length === 0) load();
		}

		return element;
	}
}

// The body is decoded when it is opened: it may hold secrets, and need not be on the screen otherwise.
function bodyOf(notification) {
	const path = notification.bodyHref ?? `/api/quarantine/${encodeURIComponent(notification.key)}/body`;
	const element = h('details', { ontoggle: async () => {
		if (!element.open || element.children.length > 1) return;
		const place = h('div', loading());
		element.append(place);
		try {
			const raw = notification.body != null
				? Uint8Array.from(atob(notification.body), character => character.charCodeAt(0))
				: new Uint8Array(await (await send('GET', path)).arrayBuffer());
			const { text, how } = decode(raw);
			replace(place, h('p.note', t(`quarantine.body.${how}`), ' ', t('quarantine.body.secrets')), h('pre', text.slice(0, 200000)),
				curlLine(address(path).href));
		} catch (error) {
			replace(place, stateBox('error', t('quarantine.body.failed'), error.message));
		}
	} }, h('summary', t('quarantine.body')));
	return element;
}

// A body is JSON, or Base64 of JSON in either alphabet (Wangsu); anything else is shown as it is.
export function decode(raw) {
	const text = new TextDecoder().decode(raw);
	const json = pretty(text);
	if (json !== null) return { text: json, how: 'json' };
	const base64 = text.trim().replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
	if (base64.length > 0 && /^[A-Za-z0-9+/\s]+$/.test(base64)) {
		try {
			const decoded = pretty(new TextDecoder().decode(Uint8Array.from(atob(base64), character => character.charCodeAt(0))));
			if (decoded !== null) return { text: decoded, how: 'base64' };
		} catch {
			// It only looked like Base64.
		}
	}

	return { text, how: 'text' };
}

function pretty(text) {
	try {
		const value = JSON.parse(text);
		return value !== null && typeof value === 'object' ? JSON.stringify(value, null, 2) : null;
	} catch {
		return null;
	}
}
