import { h } from './dom.js';
import { zone } from './format.js';
import { t, word } from './i18n.js';
import { select, sourceField } from './ui.js';

const states = ['waiting', 'processing', 'succeeded', 'partiallyFailed', 'failed', 'cancelled', 'expired'];
const watches = ['watching', 'stopped', 'givenUp', 'done'];
const searches = ['id', 'key', 'bucket', 'metadata', 'ref'];
const names = ['source', 'state', 'watch', 'overdue', 'id', 'key', 'bucket', 'ref', 'since', 'until'];

// The filters of a job list, under the names of the URL and the API.
export function readFilters(parameters) {
	return Object.fromEntries([...parameters].filter(([name, value]) => value && (names.includes(name) || name.startsWith('metadata.'))));
}

export function filterBar(filters, sources, onChange) {
	let search = searches.find(name => (name === 'metadata' ? Object.keys(filters).some(key => key.startsWith('metadata.')) : filters[name])) ?? 'id';
	const given = { ...filters };
	const set = (name, value) => {
		if (value) given[name] = value;
		else delete given[name];
		onChange({ ...given });
	};

	const input = h('input', { type: 'search', 'aria-label': t('jobs.search'), spellcheck: 'false', autocomplete: 'off', maxlength: '1024', value: searchText(), placeholder: t(`search.${search}.example`) });
	let typed = 0;
	input.addEventListener('input', () => {
		clearTimeout(typed);
		typed = setTimeout(applySearch, 200);
	});
	// A button must not act on an earlier search.
	input.addEventListener('change', applySearch);

	function searchText() {
		if (search !== 'metadata') return given[search] ?? '';
		const [name, value] = Object.entries(given).find(([key]) => key.startsWith('metadata.')) ?? [];
		return name ? `${name.slice('metadata.'.length)}=${value}` : '';
	}

	function applySearch() {
		const before = JSON.stringify(given);
		for (const name of Object.keys(given)) {
			if (name === search || search === 'metadata' && name.startsWith('metadata.')) delete given[name];
		}

		const text = input.value.trim();
		const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
		if (search === 'metadata') {
			if (name) given[`metadata.${name.trim()}`] = value.trim();
		} else if (text && (search !== 'ref' || /^[0-9a-f]{24}$/.test(text))) {
			given[search] = text;
		}

		if (JSON.stringify(given) !== before) onChange({ ...given });
	}

	const kinds = h('select', { 'aria-label': t('jobs.searchBy'), onchange: () => {
		search = kinds.value;
		input.value = searchText();
		input.placeholder = t(`search.${search}.example`);
		// An arrow key may go further.
		if (!kinds.matches(':focus-visible')) input.focus();
	} }, searches.map(name => h('option', { value: name, selected: name === search }, t(`search.${name}`))));

	const chosen = new Set((given.state ?? '').split(',').filter(Boolean));
	const stateButtons = h('div.chips', { role: 'group', 'aria-label': t('jobs.state') }, states.map(state => {
		const button = h('button', { class: `chip state-${state}`, 'aria-pressed': String(chosen.has(state)), onclick: () => {
			if (!chosen.delete(state)) chosen.add(state);
			button.setAttribute('aria-pressed', String(chosen.has(state)));
			set('state', states.filter(name => chosen.has(name)).join(','));
		} }, h('i'), word('state', state));
		return button;
	}));

	const overdue = h('input', { type: 'checkbox', checked: given.overdue === 'true', onchange: () => set('overdue', overdue.checked ? 'true' : '') });
	const timeField = name => h('label.field', h('span', t(`jobs.${name}`)),
		h('input', { type: 'datetime-local', step: '1', value: toLocal(given[name]), onchange: event => set(name, fromLocal(event.target.value)) }));

	return h('div.filters',
		h('div.bar', h('div.search', kinds, input), sourceField(sources, () => given.source, value => set('source', value)),
			select(t('jobs.watch'), [['', t('any')], ...watches.map(name => [name, word('watch', name)])], watches.includes(given.watch) ? given.watch : '', value => set('watch', value)),
			h('label.check', overdue, t('overdue'))),
		stateButtons,
		h('details.more-filters', { open: Boolean(given.since || given.until) }, h('summary', `${t('jobs.times')} (${zone()})`), h('div.bar', timeField('since'), timeField('until'))));
}

function toLocal(at) {
	const date = new Date(at ?? NaN);
	if (isNaN(date)) return '';
	return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}

function fromLocal(text) {
	const date = new Date(text);
	return isNaN(date) ? '' : date.toISOString().replace(/\.\d+Z$/, 'Z');
}
