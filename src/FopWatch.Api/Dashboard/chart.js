import { h, replace, s } from './dom.js';
import { dayText, duration, hourText } from './format.js';
import { number, t } from './i18n.js';
import { label, line, plot } from './plot.js';
import { lazy } from './ui.js';

const height = 170;
const margin = { left: 46, right: 8, top: 8, bottom: 22 };
const hourLength = 3600000;

// At most 90 columns, each of one or more hours. `add` merges an hour's row into its column.
export function columnsOf(at, hours, rows, create, add) {
	const step = hours <= 48 ? 1 : hours <= 168 ? 3 : hours <= 720 ? 12 : 24;
	const end = Math.floor(Date.parse(at) / hourLength) + 1;
	const count = Math.ceil(hours / step);
	const columns = Array.from({ length: count }, (_, index) => ({ at: (end - (count - index) * step) * hourLength, step, ...create() }));
	for (const row of rows) {
		const index = count - 1 - Math.floor((end - 1 - Math.floor(Date.parse(row.hour) / hourLength)) / step);
		if (columns[index]) add(columns[index], row);
	}

	return columns;
}

function columnName(column) {
	const from = hourText(column.at, true);
	return column.step === 1 ? from : `${from} – ${hourText(column.at + column.step * hourLength, true)}`;
}

// A chart, a legend with the values of the column at the pointer or keyboard cursor, and the same values as a table.
// series: [{ key, name, colour }]; value(column, key): a number, or null if unknown.
export function chart({ title, summary, columns, series, value, isLines }) {
	const format = isLines ? duration : count => number(count);
	const present = series.filter(one => columns.some(column => value(column, one.key)));
	const shown = present.length > 0 ? present : series.slice(0, 1);
	const legend = h('div.legend', { role: 'status' });
	const { element, svg } = plot('', height, { tabindex: '0', 'aria-label': `${title}. ${summary ?? ''}` }, draw);
	let marked = -1;
	let slot = 1;

	function drawLegend() {
		const column = columns[marked];
		const valueOf = key => {
			if (column) return value(column, key);
			return isLines ? null : columns.reduce((sum, one) => sum + (value(one, key) ?? 0), 0);
		};
		replace(legend,
			h('span.when', column ? columnName(column) : isLines ? t('chart.point') : t('chart.total')),
			shown.map(one => {
				const known = valueOf(one.key);
				return h('span.key', h('i', { class: `swatch ${one.colour}${one.isThin ? ' thin' : ''}` }), one.name, known != null && h('b', ` ${format(known)}`));
			}));
	}

	function draw(width) {
		const inner = height - margin.top - margin.bottom;
		slot = (width - margin.left - margin.right) / columns.length;
		const scale = isLines ? timeScale(columns, shown, value) : countScale(columns, shown, value);
		const y = amount => margin.top + inner * (1 - scale.share(amount));
		const every = Math.max(1, Math.ceil(columns.length / Math.max(2, Math.floor(slot * columns.length / 76))));
		return [
			s('rect.band', { y: margin.top, height: inner, width: Math.max(1, slot), visibility: marked < 0 ? 'hidden' : 'visible', x: start(marked) }),
			scale.ticks.map(tick => [
				line('.grid', margin.left, y(tick), width - margin.right, y(tick)),
				label(margin.left - 6, y(tick) + 4, 'end', format(tick))]),
			columns.map((column, index) => (columns.length - 1 - index) % every === 0 && label(middle(index), height - 6, middle(index) > width - 30 ? 'end' : 'middle',
				column.step < 12 && columns.length <= 48 ? hourText(column.at) : dayText(column.at))),
			isLines ? lines(y) : bars(y)];
	}

	const start = index => margin.left + Math.max(0, index) * slot;
	const middle = index => start(index) + slot / 2;

	function bars(y) {
		const gap = slot > 6 ? Math.min(3, slot * 0.2) : 0;
		return columns.map((column, index) => {
			let below = 0;
			return shown.map(one => {
				const amount = value(column, one.key) ?? 0;
				if (amount <= 0) return null;
				const [from, to] = [y(below), y(below + amount)];
				below += amount;
				return s('rect', { class: one.colour, x: start(index) + gap / 2, width: Math.max(0.5, slot - gap), y: to, height: Math.max(0.5, from - to) });
			});
		});
	}

	function lines(y) {
		return shown.map(one => {
			const parts = [];
			let part = [];
			columns.forEach((column, index) => {
				const amount = value(column, one.key);
				if (amount == null) {
					part = [];
				} else {
					if (part.length === 0) parts.push(part);
					part.push([middle(index), y(amount)]);
				}
			});
			return parts.map(points => [
				points.length > 1 && s('polyline', { class: `${one.colour} line${one.isThin ? ' thin' : ''}`, points: points.map(([x, top]) => `${x.toFixed(1)},${top.toFixed(1)}`).join(' ') }),
				(points.length === 1 || columns.length <= 48) && points.map(([x, top]) => s('circle', { class: one.colour, cx: x, cy: top, r: one.isThin ? 1.8 : 2.4 }))]);
		});
	}

	function mark(index) {
		if (marked === index) return;
		marked = index;
		drawLegend();
		const band = svg.querySelector('.band');
		if (!band) return;
		band.setAttribute('visibility', index < 0 ? 'hidden' : 'visible');
		band.setAttribute('x', start(index));
	}

	svg.addEventListener('pointermove', event => {
		const index = Math.floor((event.clientX - svg.getBoundingClientRect().left - margin.left) / slot);
		mark(index >= 0 && index < columns.length ? index : -1);
	});
	svg.addEventListener('pointerleave', () => mark(-1));
	svg.addEventListener('blur', () => mark(-1));
	svg.addEventListener('keydown', event => {
		const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
		if (!step) return;
		event.preventDefault();
		mark(marked < 0 ? columns.length - 1 : Math.min(columns.length - 1, Math.max(0, marked + step)));
	});

	const table = lazy(t('chart.table'), null, async () => h('div.scroll.as-table', h('table',
		h('thead', h('tr', h('th', { scope: 'col' }, t('live.time')), shown.map(one => h('th.number', { scope: 'col' }, one.name)))),
		h('tbody', columns.filter(column => shown.some(one => value(column, one.key))).reverse().map(column => h('tr',
			h('th', { scope: 'row' }, columnName(column)),
			shown.map(one => h('td.number', value(column, one.key) == null ? '–' : format(value(column, one.key))))))))));

	drawLegend();
	return h('figure.chart', h('figcaption', h('h3', title), h('p', summary)),
		present.length === 0 ? h('div.plot.nothing', h('p', t('chart.nothing'))) : [element, legend, table]);
}

function countScale(columns, series, value) {
	const most = Math.max(1, ...columns.map(column => series.reduce((sum, one) => sum + (value(column, one.key) ?? 0), 0)));
	const size = 10 ** Math.floor(Math.log10(most));
	const top = [1, 2, 3, 4, 6, 8, 10].map(step => step * size).find(step => step >= most);
	return { share: amount => amount / top, ticks: top === 1 ? [0, 1] : [0, top / 2, top].filter(Number.isInteger) };
}

const marks = [0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 21600, 86400, 864000];

// Delays range from milliseconds to hours, so their scale is logarithmic.
function timeScale(columns, series, value) {
	const known = columns.flatMap(column => series.map(one => value(column, one.key))).filter(amount => amount > 0);
	const from = marks.findLast(mark => mark <= Math.min(...known)) ?? marks[0];
	const to = marks.find(mark => mark > from && mark >= Math.max(...known)) ?? marks.at(-1);
	return {
		share: amount => Math.min(1, Math.max(0, Math.log(Math.max(amount, from) / from) / Math.log(to / from))),
		ticks: marks.filter(mark => mark >= from && mark <= to),
	};
}
