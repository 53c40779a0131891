import { session, sourceNames } from '../api.js';
import { h, keepFocus, redraw } from '../dom.js';
import { follow } from '../events.js';
import { exactTime } from '../format.js';
import { locale, number, t, word } from '../i18n.js';
import { cell, curlLine, emptyBox, headings, itemsOf, jobCell, jobState, loading, select, sourceField, stateBox } from '../ui.js';

const most = 500;

export default function page({ main, parameters, signal, fail, setParameters, again }) {
	const filters = Object.fromEntries(['source', 'type', 'text', 'from'].map(name => [name, parameters.get(name) ?? '']));
	main.append(h('h1', t('nav.live')));
	if (!session.events) {
		main.append(emptyBox('live.cloud'));
		return;
	}

	let isPaused = false;
	let held = [];
	const state = h('span.stream-state', { role: 'status' });
	const pause = h('button', { onclick: () => {
		isPaused = !isPaused;
		if (!isPaused) add(held.splice(0));
		drawPause();
	} });
	const table = h('tbody');
	const note = h('div', loading());
	const wrap = h('div.scroll', { hidden: true }, h('table.jobs',
		h('thead', h('tr', headings('live.time', 'live.event', 'jobs.state', 'search.id', 'source', 'jobs.items', 'live.version'))), table));
	drawPause();
	const changed = name => value => {
		filters[name] = value;
		setParameters(filters);
		if (name === 'source' || name === 'from') again();
		else applyFilters();
	};
	const text = h('input', { type: 'search', 'aria-label': t('live.filter'), placeholder: t('live.filter'), spellcheck: 'false', value: filters.text, oninput: () => changed('text')(text.value.trim()) });
	main.append(h('div.bar', text,
		sourceField(sourceNames(), () => filters.source, changed('source')),
		select(t('live.event'), ['', 'settled', 'progressed', 'overdue'].map(type => [type, type ? word('what', type) : t('any')]), filters.type, changed('type')),
		select(t('live.from'), [['', t('live.from.now')], ['0', t('live.from.start')]], filters.from, changed('from')),
		pause, state), h('div.loaded', note, wrap));

	function drawPause() {
		pause.textContent = t(isPaused ? 'live.resume' : 'live.pause') + (isPaused && held.length > 0 ? ` (${number(held.length)})` : '');
	}

	function matches(row) {
		return (!filters.type || row.type === filters.type) && (!filters.text || row.text.includes(filters.text.toLowerCase()));
	}

	function applyFilters() {
		for (const element of table.children) element.hidden = !matches(element.dataset);
		drawNote();
	}

	const waiting = [];
	let drawnAt = 0;
	function onEvent(event) {
		if (isPaused) {
			held.push(event);
			if (held.length > most) held.shift();
			drawPause();
			return;
		}

		// Each insertion lays out all rows, so events are drawn at most four times a second.
		waiting.push(event);
		if (waiting.length === 1) setTimeout(() => {
			drawnAt = performance.now();
			add(waiting.splice(0));
		}, Math.max(0, drawnAt + 250 - performance.now()));
	}

	function add(events) {
		const rows = events.slice(-most).map(event => {
			const job = event.data;
			const type = String(event.type).split('.').at(-1);
			const text = `${job.source} ${job.id} ${job.state} ${job.bucket ?? ''} ${job.key ?? ''} ${Object.values(job.metadata ?? {}).join(' ')}`.toLowerCase();
			return h('tr', { 'data-type': type, 'data-text': text, hidden: !matches({ type, text }) },
				cell('live.time', h('span', { title: exactTime(event.time) }, new Date(event.time).toLocaleTimeString(locale(), { timeStyle: 'long' }))),
				cell('live.event', word('what', type)),
				h('td', jobState(job)),
				jobCell(job),
				cell('source', job.source),
				cell('jobs.items', itemsOf(job)),
				cell('live.version', number(job.version)));
		});
		table.prepend(...rows.reverse());
		keepFocus(table, () => { while (table.children.length > most) table.lastChild.remove(); });
		drawNote();
	}

	function drawNote() {
		const visible = [...table.children].filter(element => !element.hidden).length;
		wrap.hidden = visible === 0;
		redraw(note, visible > 0 ? h('p.note', t('live.shown', { n: visible }))
			: table.children.length > 0 ? stateBox('empty', t('live.noMatch')) : emptyBox('live.none', curlLine(session.events, '-N ')));
	}

	follow({
		source: filters.source, after: filters.from === '0' ? '0' : undefined, always: true, signal, fail, onEvent,
		onGap: () => redraw(note, stateBox('error', t('live.gap'))),
		onState: name => {
			state.textContent = t(`live.state.${name}`);
			state.className = `stream-state is-${name}`;
			if (table.children.length > 0) return;
			if (name === 'open') drawNote();
			else redraw(note);
		},
	});
}
