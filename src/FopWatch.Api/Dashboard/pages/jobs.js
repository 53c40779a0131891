import { get, mayAct, query, sourceNames } from '../api.js';
import { actOnAll, actOnEach, downloadCsv } from '../bulk.js';
import { h, keepFocus, redraw } from '../dom.js';
import { follow } from '../events.js';
import { filterBar, readFilters } from '../filters.js';
import { duration, exactTime, time } from '../format.js';
import { number, t, word } from '../i18n.js';
import { actionButton, cell, emptyBox, headings, itemsOf, jobCell, jobState, loading, stateBox } from '../ui.js';

const pageSize = 100;

export default function page({ main, parameters, signal, fail, setParameters }) {
	let filters = readFilters(parameters);
	const rows = new Map();
	let continuation = null;
	let turn = 0;
	const unseen = new Set();
	let stream = new AbortController();
	const selected = new Set();
	signal.addEventListener('abort', () => stream.abort());

	const count = h('span.count', { role: 'status' });
	// New rows wait for a click, so that nothing moves under the pointer.
	const fresh = h('button.fresh', { hidden: true, onclick: async () => {
		await load();
		table.querySelector('a')?.focus();
	} });
	const scope = h('span.scope');
	const buttons = ['poll', 'republish', 'stop'].map(verb => actionButton(t(`action.${verb}`), async () => {
		const chosen = [...selected].map(key => rows.get(key).job);
		const acted = chosen.length > 0 ? await actOnEach(verb, chosen, signal) : await actOnAll('/api/jobs', verb, filters, signal);
		if (acted) await load();
	}, { title: t(`action.${verb}.explained`), kind: verb === 'stop' && 'danger-text' }));
	const csv = h('button', { onclick: toCsv }, 'CSV');
	const body = h('div', loading());
	const table = h('tbody');
	const all = h('input', { type: 'checkbox', 'aria-label': t('jobs.selectAll'), onchange: () => selectAll(all.checked) });
	main.append(h('div.title-row', h('h1', t('nav.jobs')), count, fresh), filterBar(filters, sourceNames(), changed), h('div.bar', mayAct() && [scope, buttons], csv), body);
	drawActions();
	load();

	function changed(given) {
		filters = given;
		setParameters(filters);
		load();
	}

	async function load() {
		const mine = ++turn;
		try {
			let list = await read();

			// An empty page is not always the last.
			for (let page = 1; list.jobs.length === 0 && list.continuation && page < 20 && mine === turn; page++) list = await read(list.continuation);
			if (mine !== turn) return;
			keepFocus(body, () => {
				rows.clear();
				selected.clear();
				unseen.clear();
				table.replaceChildren();
				drawFresh();
				draw(list);
			});
			followEvents();
		} catch (error) {
			if (mine === turn) fail(error, load);
			return;
		}

		await drawCount(mine);
	}

	function read(continuation) {
		return get(`/api/jobs${query({ ...filters, top: pageSize, continuation })}`, signal);
	}

	async function drawCount(mine) {
		try {
			const answer = await get(`/api/jobs/count${query(filters)}`, signal);
			if (mine === turn) count.textContent = t('jobs.count', { n: answer.count, count: (answer.atLeast ? '≥ ' : '') + number(answer.count) });
		} catch {
			if (mine === turn) count.textContent = '';
		}
	}

	function draw(list) {
		for (const job of list.jobs) addRow(job);
		continuation = list.continuation;
		const more = h('div.bar', continuation && actionButton(t('more'), loadMore));
		redraw(body, h('div.loaded',
			list.unreadable?.length > 0 && stateBox('error', t('jobs.unreadable', { n: list.unreadable.length }), list.unreadable.join(', ')),
			rows.size === 0 ? empty() : h('div.scroll', h('table.jobs',
				h('thead', h('tr', mayAct() && h('th.pick', all),
					headings('jobs.state', 'search.id', 'source', 'jobs.file', 'jobs.items', 'what.registered', 'jobs.next'))),
				table)), isMixed() && h('p.note', t('jobs.mixed')), more));
		drawActions();
	}

	async function loadMore() {
		const [mine, before] = [turn, rows.size];
		const list = await read(continuation);
		if (mine !== turn) return;
		draw(list);
		table.querySelectorAll('a')[before]?.focus();
	}

	// The cloud host cannot sort very many by time.
	function isMixed() {
		const times = [...rows.values()].map(row => Date.parse(row.job.registeredAt));
		return times.some((at, index) => at > times[index - 1]);
	}

	function empty() {
		if (continuation) return stateBox('empty', t('jobs.soFar'));
		return Object.keys(filters).length > 0
			? emptyBox('jobs.noMatch', h('a.button', { href: '#/jobs' }, t('jobs.clear')))
			: emptyBox('jobs.none', h('a.button', { href: '#/sources' }, t('nav.sources')));
	}

	const keyOf = job => `${job.source}/${job.id}`;

	function addRow(job) {
		const key = keyOf(job);
		const known = rows.get(key);
		if (known) {
			update(known, job);
			return;
		}

		const row = { job, element: h('tr') };
		rows.set(key, row);
		drawRow(row);
		table.append(row.element);
	}

	function drawRow({ job, element }) {
		const key = keyOf(job);
		const box = mayAct() && h('input', { type: 'checkbox', checked: selected.has(key), 'aria-label': t('jobs.select', { id: job.id }), onchange: event => {
			selected[event.target.checked ? 'add' : 'delete'](key);
			drawActions();
		} });
		const failed = job.counts.failed > 0 && h('span.wrong', t('jobs.failedItems', { n: job.counts.failed }));
		redraw(element,
			mayAct() && h('td.pick', box),
			h('td', jobState(job)),
			jobCell(job),
			cell('source', job.source),
			cell('jobs.file', h('span.clip', { title: [job.bucket, job.key].filter(Boolean).join(' / ') }, job.bucket && h('bdi.dim', `${job.bucket}/`), h('bdi', job.key ?? (job.bucket ? '' : '–')))),
			cell('jobs.items', itemsOf(job), failed && [' ', failed]),
			cell('what.registered', time(job.registeredAt)),
			cell('jobs.next', nextOf(job)));
	}

	function nextOf(job) {
		if (job.settled) return h('span', { title: exactTime(job.settledAt) }, word('settledBy', job.settledBy ?? 'unknown'), ' · ', t('jobs.after', { time: duration((Date.parse(job.settledAt) - Date.parse(job.registeredAt)) / 1000) }));
		if (job.nextPollAt) return h('span', t('jobs.nextPoll'), ' ', time(job.nextPollAt));
		return job.watch ? word('watch', job.watch) : '–';
	}

	function followEvents() {
		stream.abort();
		stream = new AbortController();
		follow({ source: filters.source, signal: stream.signal, fail, onBegin, onEvent: event => show(event.data, mayMatch(event.data)), onGap: load });
	}

	// Loads changes between the list and the start of the stream.
	async function onBegin() {
		const mine = turn;
		const list = await read().catch(() => null);
		if (list && mine === turn) for (const job of list.jobs) show(job, true);
	}

	function show(job, isNew) {
		const row = rows.get(keyOf(job));
		if (row) update(row, job);
		else if (isNew) {
			unseen.add(keyOf(job));
			drawFresh();
		}
	}

	// Events have no `nextPollAt`: a settled job has none, and an open one keeps the row's.
	function update(row, job) {
		if (job.version <= row.job.version) return;
		row.job = { ...row.job, overdue: false, ...job, ...(job.settled ? { nextPollAt: undefined } : {}) };
		drawRow(row);
		row.element.classList.remove('changed');
		requestAnimationFrame(() => row.element.classList.add('changed'));
	}

	function mayMatch(job) {
		const matches = { source: () => true, state: states => states.split(',').includes(job.state), id: id => job.id.startsWith(id), key: key => job.key?.startsWith(key), bucket: bucket => job.bucket === bucket };
		return Object.entries(filters).every(([name, value]) => matches[name]?.(value));
	}

	function drawFresh() {
		fresh.hidden = unseen.size === 0;
		fresh.textContent = t('jobs.fresh', { n: unseen.size });
	}

	function selectAll(isOn) {
		selected.clear();
		for (const [key, { element }] of rows) {
			if (isOn) selected.add(key);
			element.querySelector('input').checked = isOn;
		}

		drawActions();
	}

	// The buttons stay: one may just be pressed.
	function drawActions() {
		all.checked = selected.size > 0 && selected.size === rows.size;
		all.indeterminate = selected.size > 0 && !all.checked;
		csv.hidden = rows.size === 0;

		// Without a filter, an action on all jobs is never intended.
		const isUnbounded = selected.size === 0 && Object.keys(filters).length === 0;
		scope.textContent = t(selected.size > 0 ? 'jobs.selected' : isUnbounded ? 'jobs.selectSome' : 'jobs.allFound', { n: selected.size });
		for (const button of buttons) {
			if (isUnbounded && button === document.activeElement) main.focus({ preventScroll: true });
			button.disabled = isUnbounded;
		}
	}

	function toCsv() {
		const names = ['source', 'id', 'state', 'settledBy', 'bucket', 'key', 'pipeline', 'requestId', 'registeredAt', 'settledAt', 'polls', 'nextPollAt', 'ref'];
		downloadCsv('fopwatch-jobs.csv', [
			...names.map(name => [name, job => job[name]]),
			['overdue', job => Boolean(job.overdue)],
			['total', job => job.counts.total], ['succeeded', job => job.counts.succeeded], ['failed', job => job.counts.failed],
			['metadata', job => (job.metadata ? JSON.stringify(job.metadata) : '')],
		], [...rows.values()].map(row => row.job));
	}
}
