import { address, query } from './api.js';
import { h, keepFocus, noteFocus, redraw, replace } from './dom.js';
import { has, labelled, t, word } from './i18n.js';

export const badge = (state, text = word('state', state)) => h('span', { class: `badge state-${/^[A-Za-z]+$/.test(state) ? state : 'unknown'}` }, h('i'), text);

export const levelBadge = level => h('span', { class: `badge level-${level}` }, h('i'), t(`level.${level}`));

export const overdueBadge = () => h('span.badge.level-warning', { title: t('overdue.explained') }, h('i'), t('overdue'));

export const jobState = job => [badge(job.state), job.overdue && !job.settled && [' ', overdueBadge()]];

export const link = (page, parameters) => `#/${page}${query(parameters)}`;

export const jobHref = job => `#/jobs/${encodeURIComponent(job.source)}/${encodeURIComponent(job.id)}`;

export const jobCell = job => h('th', { scope: 'row' }, h('a.row-link.clip', { href: jobHref(job), title: job.id }, h('bdi', job.id)));

export const itemsOf = job => (job.counts?.total > 0 ? `${job.counts.succeeded}/${job.counts.total}` : '–');

// The label is visible when a narrow screen shows rows as cards.
export const cell = (name, ...content) => h('td', { 'data-label': t(name) + t('colon') }, content);

export const headings = (...names) => names.map(name => h('th', { scope: 'col' }, t(name)));

export function copyButton(text) {
	const button = h('button.copy', { title: t('copy'), onclick: copy }, h('span.copy-icon'));
	async function copy(event) {
		event.preventDefault();
		// Browsers offer no clipboard over plain HTTP, except on localhost.
		const done = await navigator.clipboard?.writeText(text).then(() => true, () => false) ?? false;
		button.classList.toggle('copied', done);
		toast(t(done ? 'copied' : 'copy.failed'));
		setTimeout(() => button.classList.remove('copied'), 1500);
	}

	return button;
}

export const copied = (text, kind = 'bdi') => text && [h(`${kind}.break`, text), copyButton(text)];

export const commandLine = text => h('div.command', h(text.includes('\n') ? 'pre' : 'code', text), copyButton(text));

const posixQuote = text => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

// Shown in place of content: loading, empty or error, with actions.
export const stateBox = (kind, title, text, ...actions) => h('div', { class: `state-box ${kind}`, role: kind.startsWith('error') ? 'alert' : 'status' }, h('strong', title), text && h('p', text), actions.length > 0 && h('p.actions', actions));

export const emptyBox = (key, ...actions) => stateBox('empty', t(`${key}.title`), t(`${key}.text`), ...actions);

export const loading = () => stateBox('loading', t('loading'));

export const errorsOf = problem => (problem?.errors ?? []).map(one => labelled(one.element, one.detail)).join(' ');

// The title comes from the status code, the text from the host's problem details.
export function explain(error) {
	if (error?.isAway) return { title: t('away.title'), text: t('away.text') };
	const known = [`error.${error?.status}`, 'error.other'].find(has);
	return { title: t(known), text: errorsOf(error?.problem) || error?.problem?.detail || (error?.status ? `HTTP ${error.status}` : String(error?.message ?? error)) };
}

export function errorBox(error, again) {
	const { title, text } = explain(error);
	return stateBox('error', title, text, again && h('button', { onclick: again }, t('again')));
}

export const more = (summary, ...content) => h('details', h('summary', summary), content);

export function lazy(summary, name, read) {
	const place = h('div');
	const element = h('details', { 'data-name': name, ontoggle: async () => {
		if (!element.open || place.hasChildNodes()) return;
		replace(place, loading());
		await read().then(content => replace(place, content), error => replace(place, errorBox(error)));
	} }, h('summary', summary), place);
	return element;
}

// A log announces only what is new.
export const toasts = h('div.toasts', { role: 'log' });

export function toast(text, isError = false) {
	const remove = () => keepFocus(toasts, () => element.remove());
	const element = h('div', { class: isError ? 'toast error' : 'toast' }, h('span', text), h('button.plain', { 'aria-label': t('close'), onclick: remove }, '×'));
	toasts.append(element);
	while (toasts.children.length > 4) toasts.firstChild.remove();
	setTimeout(remove, isError ? 15000 : 4000);
}

export function toastError(error) {
	const { title, text } = explain(error);
	toast(`${title} ${text}`, true);
}

// A modal dialog. Resolves to the value of the pressed button, or null.
export function dialog(title, content, buttons) {
	const giveBack = noteFocus(document.querySelector('main'));
	return new Promise(resolve => {
		const element = h('dialog', { 'aria-labelledby': 'dialog-title', onclose: () => {
			element.remove();
			giveBack();
			resolve(element.returnValue || null);
		} },
		h('h2', { id: 'dialog-title' }, title),
		h('div.dialog-body', content),
		h('div.actions', buttons.map(({ value, text, kind, first }) =>
			h('button', { class: kind, autofocus: first, onclick: () => element.close(value) }, text))));
		document.body.append(element);
		element.showModal();
	});
}

export async function confirm(title, text, action, isDangerous = false) {
	return await dialog(title, h('p', text), [
		{ value: '', text: t('cancel'), first: isDangerous },
		{ value: 'yes', text: action, kind: isDangerous ? 'danger' : 'primary', first: !isDangerous },
	]) === 'yes';
}

export function actionButton(text, action, { kind, title } = {}) {
	const button = h('button', { class: kind, title, onclick: async () => {
		// A disabled button would lose the focus.
		if (button.ariaBusy) return;
		button.ariaBusy = 'true';
		try {
			await action();
		} catch (error) {
			if (error.name !== 'AbortError') toastError(error);
		} finally {
			button.ariaBusy = null;
		}
	} }, text);
	return button;
}

export function select(label, options, value, onChange) {
	const element = h('select', { onchange: () => onChange(element.value) }, options.map(([name, text]) => h('option', { value: name, selected: name === value }, text)));
	return h('label.field', h('span', label), element);
}

// `names` is a promise of the sources' names.
export function sourceField(names, value, onChange) {
	const field = h('span');
	const draw = known => redraw(field, select(t('source'), [...new Set(['', ...known ?? [], value() ?? ''])].map(name => [name, name || t('source.all')]), value(), onChange));
	draw();
	names.then(draw);
	return field;
}

export const figure = (name, value, note) => h('div', h('dt', name), h('dd', value, note && h('small', note)));

// For a path or a URL. The key comes from the shell's environment, so that no copied command contains it.
export const curlLine = (path, options = '') => commandLine(`curl -H "X-Api-Key: $FOPWATCH_API_KEY" ${options}${posixQuote(path.startsWith('http') ? path : address(path).href)}`);

export const noSourceBox = () => emptyBox('sources.none', h('a.button.primary', { href: '#/sources' }, t('overview.begin')));

// Name and value pairs; pairs without a value are omitted.
export function facts(pairs, kind = '') {
	return h(`dl.facts${kind}`, pairs.filter(pair => pair && pair[1] != null && pair[1] !== '').map(([name, value, note]) =>
		h('div', h('dt', name), h('dd', typeof value === 'string' ? h('bdi.break', value) : value, note && h('small', note)))));
}
