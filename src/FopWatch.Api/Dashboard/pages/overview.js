import { get, query, sourceNames } from '../api.js';
import { chart, columnsOf } from '../chart.js';
import { h, replace } from '../dom.js';
import { duration, observeClock, percent, time, zone } from '../format.js';
import { has, number, t, word } from '../i18n.js';
import { actionButton, figure, levelBadge, link, more, noSourceBox, select, sourceField } from '../ui.js';

const ranges = [24, 168, 720, 2160];
const levels = ['trouble', 'warning', 'info'];
const outcomes = ['succeeded', 'partiallyFailed', 'failed', 'cancelled'];
const answers = ['report', 'notFound', 'throttled', 'unavailable', 'refused', 'outOfScope'];
const colours = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6'];

export default function page({ main, parameters, signal, reader, setParameters }) {
	let hours = ranges.includes(Number(parameters.get('hours'))) ? Number(parameters.get('hours')) : 24;
	let source = parameters.get('source') ?? '';
	let readAt = 0;
	const asOf = h('span.as-of');
	const { body, load } = reader(async () => {
		readAt = Date.now();
		const overview = await get(`/api/overview${query({ hours, source })}`, signal);
		observeClock(overview.at);
		replace(asOf, t('asOf'), ' ', time(overview.at), ' · ', t('overview.zone', { zone: zone() }));
		return overview.sources.length === 0 ? noSourceBox() : [findingList(overview.findings), h('div.cards', overview.sources.map(source => card(source, overview.countedUpTo))), charts(overview)];
	});
	main.append(h('h1', t('nav.overview')), h('div.bar',
		select(t('overview.range'), ranges.map(range => [String(range), t('overview.days', { n: range / 24 })]), String(hours), value => { hours = Number(value); changed(); }),
		sourceField(sourceNames(), () => source, value => { source = value; changed(); }),
		actionButton(t('refresh'), load),
		asOf), body);

	document.addEventListener('visibilitychange', () => {
		if (!document.hidden && Date.now() - readAt > 60000) load();
	}, { signal });

	function changed() {
		setParameters({ hours: hours === 24 ? '' : hours, source });
		load();
	}
}

function card(source, most = Infinity) {
	const [worst, ...others] = worstFirst(source.findings ?? []);
	const books = source.books ?? {};
	const of = (page, parameters) => link(page, { source: source.name, ...parameters });
	const { heard, detection } = source;
	const poll = detection?.poll;
	const linked = (amount, href) => (amount > 0 ? h('a', { href }, counted(amount)) : 0);
	const counted = amount => number(amount ?? 0) + (amount >= most ? '+' : '');
	return h('article', { class: `card level-${worst ? worst.level : 'well'}`, 'aria-label': source.name },
		h('h2', h('a', { href: of('jobs') }, source.name), h('small', word('provider', source.provider)), levelBadge(worst ? worst.level : 'well')),
		h('p.verdict', worst ? findingText(worst) : t('overview.well', { n: books.open ?? 0 })),
		others.length > 0 && more(t('overview.others', { n: others.length }), findingList(others)),
		h('dl.figures',
			figure(t('overview.open'), linked(books.open, of('jobs', { state: 'waiting,processing' }))),
			figure(t('what.settled'), number(books.settled ?? 0)),
			figure(t('state.expired'), linked(books.expired, of('jobs', { state: 'expired' }))),
			figure(t('overdue'), linked(source.overdue, of('jobs', { overdue: 'true' }))),
			figure(t('nav.quarantine'), linked(source.quarantined, of('quarantine'))),
			figure(t('overview.dueNow'), counted(source.dueNow), source.heldBack > 0 && t('overview.heldBack', { n: counted(source.heldBack) })),
			figure(t('overview.heard'), percent(heard?.share), heard ? t('overview.heardOf', { low: percent(heard.low), high: percent(heard.high), n: heard.of }) : t('overview.heard.none')),
			figure(t('overview.delay'), duration(poll?.p95), poll && `p50 ${duration(poll.p50)}`),
			figure(t('nav.plan'), h('a', { href: of('plan') }, word('plan', source.plan ?? 'unknown')))),
		h('p.last',
			h('span', t('overview.lastNotification'), ' ', time(source.lastNotificationAt)),
			h('span', t('overview.lastPoll'), ' ', time(source.lastPoll?.at), source.lastPoll?.answer && [' · ', word('answer', source.lastPoll.answer)])));
}

const worstFirst = findings => findings.toSorted((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level));

export const findingList = (findings = []) => findings.length > 0 && h('ul.findings', worstFirst(findings).map(finding => h('li', levelBadge(finding.level), ' ', findingText(finding))));

function findingText(finding) {
	const known = has(`finding.${finding.kind}`) ? t(`finding.${finding.kind}`, { n: finding.count ?? 1 }) : '';
	return [
		known && h('strong', known + t('colon')), finding.detail && h('span', finding.detail),
		finding.since && h('small', ' ', t('finding.since'), ' ', time(finding.since), finding.count > 1 && ` · ${number(finding.count)}×`)];
}

function charts({ at, hours, timeline, sources }) {
	const columns = columnsOf(at, hours, timeline ?? [], () => ({ sums: {}, delays: {} }), (column, row) => {
		const add = (key, amount) => { if (amount > 0) column.sums[key] = (column.sums[key] ?? 0) + amount; };
		for (const outcome of outcomes) add(outcome, (row.settled?.[outcome]?.notification ?? 0) + (row.settled?.[outcome]?.poll ?? 0));
		add('expired', row.expired);
		for (const answer of Object.keys(row.polled ?? {})) add(`polled.${answer}`, row.polled[answer]);
		add('heard', row.heard);
		add('late', row.notifiedLate);
		add('lost', Math.max(0, (row.found ?? 0) - (row.notifiedLate ?? 0)));
		keepWorst(column, `${row.source}.poll`, row.delayByPoll);
		keepWorst(column, `${row.source}.lag`, row.lag);
	});
	const sum = (column, key) => column.sums[key] ?? 0;
	const total = key => columns.reduce((whole, column) => whole + sum(column, key), 0);
	const settled = [...outcomes, 'expired'];
	const heard = total('heard');
	const found = total('late') + total('lost');
	const delays = sources.flatMap((source, index) => ['p95', 'p50'].map(quantile => ({
		key: `${source.name}.poll.${quantile}`, name: `${source.name} ${quantile}`, colour: colours[index % colours.length], isThin: quantile === 'p50',
	})));
	return h('section.charts',
		chart({
			title: t('chart.settled'), columns, value: sum,
			summary: t('chart.settled.summary', { n: settled.reduce((whole, key) => whole + total(key), 0), failed: total('failed') + total('partiallyFailed'), expired: total('expired') }),
			series: settled.map(key => ({ key, name: word('state', key), colour: `state-${key}` })),
		}),
		chart({
			title: t('chart.delay'), columns, isLines: true, series: delays, summary: t('chart.delay.summary'),
			value: (column, key) => column.delays[key] ?? null,
		}),
		chart({
			title: t('chart.heard'), columns, value: sum,
			summary: heard + found === 0 ? t('chart.nothing') : t('chart.heard.summary', { share: percent((heard + total('late')) / (heard + found)), n: total('lost') }),
			series: [['heard', 'state-succeeded'], ['late', 'state-partiallyFailed'], ['lost', 'state-failed']].map(([key, colour]) => ({ key, colour, name: t(`chart.heard.${key}`) })),
		}),
		chart({
			title: t('chart.polls'), columns, value: (column, key) => sum(column, `polled.${key}`),
			summary: t('chart.polls.summary', { n: answers.reduce((whole, key) => whole + total(`polled.${key}`), 0) }),
			series: answers.map((key, index) => ({ key, colour: colours[index], name: word('answer', key) })),
		}));
}

// Quantiles cannot be summed: a column of several hours shows the worst.
function keepWorst(column, key, delay) {
	for (const quantile of ['p50', 'p95']) {
		const value = delay?.[quantile];
		if (Number.isFinite(value)) column.delays[`${key}.${quantile}`] = Math.max(value, column.delays[`${key}.${quantile}`] ?? 0);
	}
}
