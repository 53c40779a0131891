import { get, mayAct, post, query, send, sourceNames } from '../api.js';
import { actOnAll } from '../bulk.js';
import { append, h, pretty, redraw, replace, save } from '../dom.js';
import { bytes, time } from '../format.js';
import { t, word } from '../i18n.js';
import { actionButton, badge, confirm, copied, curlLine, facts, lazy, more, sourceField, stateBox, toast } from '../ui.js';

const mostShown = 200000;
const mostDumped = 4096;

export default function page({ main, parameters, signal, reader, setParameters }) {
	let source = parameters.get('source') ?? '';
	const bar = h('div.bar');
	const { body, load } = reader(async () => content(await read(), h('div.cards.wide')));
	main.append(h('h1', t('nav.quarantine')), h('p.intro', t('quarantine.intro')), bar, body);
	const all = (action, kind) => actionButton(t(`quarantine.${action}All`), async () => {
		if (await actOnAll('/api/quarantine', action, { source }, signal)) await load();
	}, { title: t(`action.${action}.explained`), kind });
	append(bar, [
		sourceField(sourceNames(), () => source, value => { source = value; setParameters({ source }); load(); }),
		actionButton(t('refresh'), load),
		mayAct() && [all('retry'), all('delete', 'danger-text')]]);

	const read = continuation => get(`/api/quarantine${query({ source, top: 20, continuation })}`, signal);

	function content({ notifications, unreadable, continuation }, list) {
		list.append(...notifications.map(entry));
		return [
			unreadable?.length > 0 && stateBox('error', t('quarantine.unreadable', { n: unreadable.length }), unreadable.join(', ')),
			list.children.length === 0 && !continuation ? stateBox('empty', t('quarantine.none')) : list,
			continuation && h('div.bar', actionButton(t('more'), async () => {
				const before = list.children.length;
				const answer = await read(continuation);
				if (!list.isConnected) return;
				redraw(list.parentNode, content(answer, list));
				list.children[before]?.querySelector('button').focus();
			}))];
	}

	function entry(notification) {
		const { key, signature } = notification;
		const path = `/api/quarantine/${encodeURIComponent(key)}`;
		const reason = h('p.verdict.break', notification.reason);
		const advice = h('div', adviceOf(signature));
		const remove = () => {
			const next = element.nextElementSibling ?? element.previousElementSibling;
			element.remove();
			(next?.querySelector('button.primary') ?? main).focus();
			if (!next) load();
		};
		const element = h('article.card', { 'aria-label': key },
			h('h2', notification.source, h('small', time(notification.receivedAt)), h('small', bytes(notification.size))),
			reason, advice,
			facts([
				[t('quarantine.key'), copied(key)],
				[t('quarantine.correlation'), notification.correlation],
			]),
			more(t('quarantine.headers'), facts(Object.entries(notification.headers), '.wide')),
			bodyOf(notification, `${path}/body`),
			mayAct() && h('div.bar',
				actionButton(t('action.retry'), async () => {
					const answer = await post(`${path}/retry`);
					if (answer.result === 'quarantined') {
						reason.textContent = answer.reason ?? notification.reason;
						replace(advice, adviceOf(answer.signature));
						toast(t('quarantine.still'), true);
					} else {
						toast(word('result', answer.result));
						remove();
					}
				}, { title: t('action.retry.explained'), kind: 'primary' }),
				actionButton(t('action.delete'), async () => {
					if (!await confirm(t('action.delete'), t('bulk.delete.confirm', { n: 1 }), t('action.delete'), true)) return;
					await send('DELETE', path);
					toast(t('done'));
					remove();
				}, { kind: 'danger-text' })));
		return element;
	}
}

function adviceOf(diagnosis) {
	return diagnosis && [
		h('ul.findings', diagnosis.findings.map(finding => h('li', badge(finding === 'right' ? 'succeeded' : 'partiallyFailed', word('signature', finding))))),
		h('p.advice', h('strong', t('quarantine.advice')), ' ', copied(diagnosis.suggestion)),
		facts([
			['Access key', diagnosis.accessKey],
			[t('quarantine.checkedUrl'), diagnosis.checkedUrl],
			[t('quarantine.signedUrl'), diagnosis.signedUrl],
		])];
}

// The body may hold secrets, so it is shown only when it is opened.
function bodyOf(notification, path) {
	return lazy(t('quarantine.body'), null, async () => {
		const raw = notification.body != null ? fromBase64(notification.body) : new Uint8Array(await (await send('GET', path)).arrayBuffer());
		const { text, how } = decode(raw);
		return [
			h('p.note', t(`quarantine.body.${how}`, { n: mostDumped }), ' ', t('quarantine.body.secrets')),
			raw.length > 0 && h('pre', { class: how }, text.slice(0, mostShown)), text.length > mostShown && h('p.note', t('quarantine.body.cut')),
			h('p.bar', h('button', { onclick: () => save(`${notification.key}.bin`, [raw]) }, t('quarantine.download', { size: bytes(raw.length) }))),
			curlLine(path, '-O ')];
	});
}

const fromBase64 = text => Uint8Array.from(atob(text), character => character.charCodeAt(0));

// A body is JSON, Base64 of JSON in either alphabet (Wangsu), other text, or binary.
export function decode(raw) {
	if (raw.length === 0) return { text: '', how: 'empty' };
	let text;
	try {
		text = new TextDecoder('utf-8', { fatal: true }).decode(raw);
	} catch {
		return { text: hexOf(raw), how: 'binary' };
	}

	if (/[\0-\b\x0e-\x1f]/.test(text)) return { text: hexOf(raw), how: 'binary' };
	const json = pretty(text);
	if (json !== null) return { text: json, how: 'json' };
	const base64 = text.trim().replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
	if (/^[A-Za-z0-9+/\s]+$/.test(base64)) {
		try {
			const decoded = pretty(new TextDecoder().decode(fromBase64(base64)));
			if (decoded !== null) return { text: decoded, how: 'base64' };
		} catch {
			// Not Base64 after all.
		}
	}

	return { text, how: 'text' };
}

// Lines of 16 bytes: offset, hexadecimal, ASCII.
function hexOf(raw) {
	const lines = [];
	for (let at = 0; at < Math.min(raw.length, mostDumped); at += 16) {
		const part = [...raw.subarray(at, at + 16)];
		lines.push(`${at.toString(16).padStart(6, '0')}  ${part.map(byte => byte.toString(16).padStart(2, '0')).join(' ').padEnd(47)}  ${part.map(byte => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.')).join('')}`);
	}

	return lines.join('\n');
}
