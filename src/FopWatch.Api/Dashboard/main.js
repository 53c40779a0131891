import { ask, forgetSources, hasKey, readSession, send, session, setKey, sourceNames } from './api.js';
import { h, keep, keepFocus, kept, redraw, replace } from './dom.js';
import { tick } from './format.js';
import { language, languages, setLanguage, t } from './i18n.js';
import { dialog, errorBox, link, loading, stateBox, toasts } from './ui.js';
import job from './pages/job.js';
import jobs from './pages/jobs.js';
import live from './pages/live.js';
import overview from './pages/overview.js';
import plan from './pages/plan.js';
import quarantine from './pages/quarantine.js';
import sources from './pages/sources.js';
import webhooks from './pages/webhooks.js';

const pages = { overview, jobs, quarantine, live, plan, sources, webhooks };
const themes = ['auto', 'light', 'dark'];

const main = h('main', { id: 'main', tabindex: '-1' });
const banner = h('div.banner', { role: 'alert', hidden: true });
const header = h('header.top');
let current = new AbortController();
let shownPath = null;
let wantsSearch = false;

// Webhooks exist in the embedded host only, for keys with access to all sources.
function drawHeader() {
	const name = route().parts[0];
	redraw(header,
		h('a.skip', { href: '#main', onclick: event => { event.preventDefault(); main.focus(); } }, t('skip')),
		h('a.brand', { href: '#/overview' }, h('img', { src: 'icon.svg', alt: '', width: '20', height: '20' }), 'FopWatch'),
		h('nav', { 'aria-label': t('nav') }, Object.keys(pages).filter(page => page !== 'webhooks' || (session.host === 'embedded' && !session.sources)).map(page =>
			h('a', { href: `#/${page}`, 'aria-current': page === name ? 'page' : null }, t(`nav.${page}`)))),
		h('div.tools',
			session.rights === 'read' && h('span.rights', t('rights.read')),
			hasKey() && h('button.plain', { onclick: forgetKey }, t('key.forget', { name: session.name ?? '' })),
			h('select', { 'aria-label': t('language'), onchange: event => { setLanguage(event.target.value); (main.querySelector('.key-form') ? askForKey : show)(); header.querySelector('select').focus(); } },
				Object.entries(languages).map(([name, text]) => h('option', { value: name, lang: name, selected: name === language }, text))),
			h('select', { 'aria-label': t('theme'), onchange: event => setTheme(event.target.value) },
				themes.map(theme => h('option', { value: theme, selected: theme === (kept('theme') ?? 'auto') }, t(`theme.${theme}`))))));
	header.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

function setTheme(theme) {
	keep('theme', theme === 'auto' ? null : theme);
	if (theme === 'auto') delete document.documentElement.dataset.theme;
	else document.documentElement.dataset.theme = theme;
}

// Routes are in the fragment, so that ids and filters reach no log and no referrer.
function route() {
	const [, path, search] = /^#?\/?([^?]*)\??(.*)/.exec(location.hash);
	const parts = path.split('/').filter(Boolean).map(part => {
		try {
			return decodeURIComponent(part);
		} catch {
			return part;
		}
	});
	return { parts: parts[0] ? parts : ['overview'], parameters: new URLSearchParams(search), path };
}

function show() {
	current.abort();
	current = new AbortController();
	const { parts, parameters, path } = route();
	const [name] = parts;
	drawHeader();
	document.title = `${parts.length === 3 ? parts[2] : t(`nav.${Object.hasOwn(pages, name) ? name : 'overview'}`)} · FopWatch`;
	const context = {
		main,
		parts,
		parameters,
		signal: current.signal,
		fail: (error, again) => fail(context, error, again),
		reader: read => reader(context, read),
		again: show,
		setParameters: given => context.signal.aborted || history.replaceState(null, '', link(path, given)),
	};
	keepFocus(main, () => {
		main.replaceChildren();
		// Browsers resolve dots in a path.
		if (name === 'jobs' && parts.length === 3 && !parts.some(part => /^\.\.?$/.test(part))) job(context);
		else if (Object.hasOwn(pages, name) && parts.length === 1) pages[name](context);
		else main.append(stateBox('empty', t('noPage'), null, h('a', { href: '#/overview' }, t('nav.overview'))));
	});
	if (shownPath !== null && shownPath !== path) main.focus({ preventScroll: true });
	if (shownPath !== path) scrollTo(0, 0);
	shownPath = path;
	focusSearch();
}

function focusSearch() {
	const search = wantsSearch && main.querySelector('input[type=search]');
	if (!search) return;
	search.focus();
	wantsSearch = false;
}

// The part of a page with content from the host. `load` reads and draws it; the first starts by itself.
function reader(context, read) {
	const body = h('div', loading());
	let turn = 0;
	async function load() {
		const mine = ++turn;
		try {
			const content = await read();
			if (mine === turn && !context.signal.aborted) redraw(body, h('div.loaded', content));
		} catch (error) {
			if (mine === turn) fail(context, error, load);
		}
	}

	// After the page has added the body.
	queueMicrotask(load);
	return { body, load };
}

function fail(context, error, again = show) {
	if (error.name === 'AbortError' || context.signal.aborted) return;
	if (error.status === 401) {
		askForKey();
		return;
	}

	if (error.isAway) showAway();
	const loaded = main.querySelector('.loaded');
	if (loaded && error.isAway) return;
	const box = main.querySelector(loaded ? '.passing' : '.loading, .error');
	const shown = errorBox(error, again);
	keepFocus(main, () => {
		if (loaded) shown.classList.add('passing');
		if (box) box.replaceWith(shown);
		else if (loaded) loaded.before(shown);
		else main.append(shown);
	});
}

let awayTimer = 0;
let awayTries = 0;

function showAway() {
	if (!banner.textContent.includes(t('away.title'))) redraw(banner, h('strong', t('away.title')), ' ', t('away.trying'), ' ', h('button', { onclick: askWhetherBack }, t('again')));
	if (!banner.hidden) return;
	banner.hidden = false;
	awayTries = 0;
	awayTimer = setTimeout(askWhetherBack, 1000);
}

function hideAway() {
	clearTimeout(awayTimer);
	banner.hidden = true;
	redraw(banner);
}

async function askWhetherBack() {
	clearTimeout(awayTimer);
	if (document.hidden || banner.hidden) return;
	try {
		await send('GET', '/health/live');
	} catch (error) {
		if (error.isAway) {
			awayTimer = setTimeout(askWhetherBack, Math.min(20000, 1000 * 2 ** awayTries++));
			return;
		}
	}

	hideAway();
	forgetSources();

	// A redraw would delete what is being typed.
	const field = document.querySelector('main:has(.loaded) input:focus:not([type=checkbox])');
	if (field) field.addEventListener('blur', () => start(), { once: true });
	else start();
}

function askForKey(wasGiven = false) {
	current.abort();
	hideAway();
	setKey(null);
	drawHeader();
	const input = h('input', { type: 'password', autocomplete: 'off', spellcheck: 'false', required: true, value: !wasGiven && main.querySelector('.key-form input')?.value, 'aria-describedby': 'key-note' });
	const form = h('form.key-form.state-box', { onsubmit: async event => {
		event.preventDefault();
		setKey(input.value.trim());
		start(true);
	} },
	h('h1', t('key.title')),
	h('p', { id: 'key-note' }, t('key.text')),
	wasGiven && h('p.wrong', { role: 'alert' }, t('key.wrong')),
	h('label.field', h('span', t('key.label')), input),
	h('p.actions', h('button', { type: 'submit', class: 'primary' }, t('key.use'))));
	replace(main, form);
	if (!header.contains(document.activeElement)) input.focus();
}

function forgetKey() {
	setKey(null);
	Object.assign(session, { name: null, rights: 'write' });
	start();
}

addEventListener('keydown', event => {
	if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
	if (event.target.matches('input:not([type=checkbox]), select')) {
		if (event.key !== 'Escape') return;
		// It clears a search.
		event.preventDefault();
		event.target.blur();
	} else if (event.key === '?') {
		showKeys();
	} else if (event.key === '/') {
		event.preventDefault();
		wantsSearch = !main.querySelector('.key-form');
		focusSearch();
		if (wantsSearch) location.hash = '#/jobs';
	} else if (/^[1-7]$/.test(event.key)) {
		header.querySelectorAll('nav a')[Number(event.key) - 1]?.click();
	} else if (event.key === 'j' || event.key === 'k') {
		const step = event.key === 'j' ? 1 : -1;
		const links = [...main.querySelectorAll('a.row-link')].filter(one => one.checkVisibility());
		const at = links.findIndex(one => one.closest('tr').contains(document.activeElement));
		(links[at + step] ?? links.at(step > 0 ? 0 : -1))?.focus();
	}
});

function showKeys() {
	const keys = [['1 – 7', 'keys.pages'], ['/', 'jobs.search'], ['j k', 'keys.rows'], ['Enter', 'keys.open'], ['← →', 'keys.chart']];
	dialog(t('keys.title'), h('dl.keys', keys.map(([key, text]) => h('div', h('dt', h('kbd', key)), h('dd', t(text))))), [{ value: '', text: t('close'), first: true }]);
}

async function start(keyWasGiven = false) {
	if (!main.firstChild) main.append(loading());
	try {
		await readSession();
	} catch (error) {
		drawHeader();
		if (error.status === 401) {
			askForKey(keyWasGiven);
		} else {
			redraw(main, errorBox(error, () => start()));
			if (error.isAway) showAway();
		}

		return;
	}

	// Without a source, start with the page that explains how to configure one.
	if (location.hash.length < 3 && session.sources === null && (await sourceNames())?.length === 0) location.replace('#/sources');
	else show();
	if (keyWasGiven) main.focus();
}

setTheme(kept('theme') ?? 'auto');
document.body.append(header, banner, main, toasts);
drawHeader();
addEventListener('hashchange', () => {
	document.querySelector('dialog')?.close();
	if (main.querySelector('.key-form')) drawHeader();
	else show();
});
document.addEventListener('visibilitychange', () => {
	if (document.hidden) return;
	tick();
	if (!banner.hidden) askWhetherBack();
});
setInterval(() => document.hidden || tick(), 10000);

// A demo's clock runs fast. A second reading gives its rate.
setTimeout(() => document.hidden || ask().catch(() => {}), 2500);
start();
