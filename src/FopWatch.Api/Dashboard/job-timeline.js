import { h, s } from './dom.js';
import { duration, exactTime, now, time } from './format.js';
import { labelled, number, t, word } from './i18n.js';
import { label, line, plot, rounds, spaced } from './plot.js';

const lanes = ['notified', 'polled', 'job'];
const laneHeight = 34;
const margin = { right: 16, top: 10, bottom: 26 };
const height = margin.top + lanes.length * laneHeight + margin.bottom;

// The stored timeline, or what the job's own members say if it has none.
function entriesOf(job) {
	if (job.timeline?.length > 0) return job.timeline;
	const entries = [{ at: job.registeredAt, what: 'registered' }];
	if (job.lastPoll) entries.push({ at: job.lastPoll.at, what: 'polled', answer: job.lastPoll.answer });
	if (job.settledAt) entries.push({ at: job.settledAt, what: 'settled', state: job.state, by: job.settledBy });
	return entries;
}

const laneOf = entry => Math.max(0, lanes.indexOf(lanes.includes(entry.what) ? entry.what : 'job'));

function colourOf(entry) {
	if (entry.what === 'settled') return `state-${entry.state ?? 'succeeded'}`;
	if (entry.what === 'expired') return 'state-expired';
	if (entry.what === 'overdue') return 'state-partiallyFailed';
	if (entry.what === 'notified') return entry.result === 'recorded' ? 'state-succeeded' : 'state-partiallyFailed';
	return entry.what === 'polled' ? 'state-processing' : 'state-waiting';
}

// The host's text, except that a report is named by its state in the reader's language.
export function answerText(answer) {
	const [, state] = /^the report: (\w+)$/.exec(answer) ?? [];
	return state ? labelled(word('answer', 'report'), word('state', state)) : answer;
}

export function entryText({ what, by, trust, result, reason, answer, state }) {
	const named = (group, name) => name && word(group, name);
	return ({
		registered: [named('by', by)],
		resumed: [named('by', by)],
		notified: [by ? word('by', by) : named('trust', trust), named('result', result)],
		polled: [reason && t('timeline.because', { reason: word('reason', reason) }), answerText(answer)],
		settled: [named('state', state), named('settledBy', by)],
		expired: [named('reason', reason)],
	}[what] ?? []).filter(Boolean).join(' · ');
}

export function timeline(job) {
	const entries = entriesOf(job);
	const start = Math.min(...entries.map(entry => Date.parse(entry.at)));
	const next = job.nextPollAt ? Date.parse(job.nextPollAt) : null;
	const lastAt = Math.max(...entries.map(entry => Date.parse(entry.until ?? entry.at)));
	const current = job.settled ? null : Math.max(now(), lastAt);
	const end = Math.max(lastAt, next ?? 0, current ?? 0, start + 1000);
	const known = entries.map(entry => (Date.parse(entry.at) - start) / 1000).filter(age => age > 0).sort((a, b) => a - b);
	const gaps = known.map((age, index) => age - (known[index - 1] ?? 0)).filter(gap => gap > 0);
	const span = (end - start) / 1000;
	let isLog = gaps.length > 0 && span / Math.min(...gaps) > 60;

	const { element, redraw } = plot('.timeline', height, { 'aria-label': t('timeline.title'), 'aria-describedby': 'timeline-list' }, draw);
	const buttons = h('div.chips', { role: 'group', 'aria-label': t('timeline.scale') }, ['linear', 'log'].map(kind =>
		h('button.chip', { 'data-scale': kind, onclick: () => { isLog = kind === 'log'; redraw(); } }, t(`timeline.${kind}`))));

	function draw(width) {
		for (const button of buttons.children) button.setAttribute('aria-pressed', String((button.dataset.scale === 'log') === isLog));
		const left = width < 480 ? 64 : 92;
		const inner = width - left - margin.right;

		// Logarithmic from half the age of the first entry; the time before takes the first tenth of the width.
		const least = Math.max(0.001, Math.min(span / 10, gaps.length > 0 ? Math.min(...known) / 2 : span / 100));
		const share = age => (isLog ? (age <= least ? 0.1 * (age / least) : 0.1 + 0.9 * Math.log(age / least) / Math.log(span / least)) : age / span);
		const x = at => left + inner * Math.min(1, Math.max(0, share((at - start) / 1000)));
		const y = lane => margin.top + (lane + 0.5) * laneHeight;
		const step = isLog ? null : rounds.find(round => span / round <= Math.max(2, inner / 90)) ?? rounds.at(-1);
		const ages = isLog ? rounds.filter(round => round > least && round < span) : Array.from({ length: Math.floor(span / step) }, (_, index) => (index + 1) * step);
		return [
			lanes.map((lane, index) => [
				line('.grid', left, y(index), width - margin.right, y(index)),
				label(left - 10, y(index) + 4, 'end', t(lane === 'job' ? 'job.facts' : `what.${lane}`))]),
			label(left, height - 8, 'middle', '0'),
			spaced(ages, age => left + inner * share(age), 58, left).filter(({ at }) => at < width - 24).map(({ at, mark }) => [
				line('.grid.faint', at, margin.top, at, height - margin.bottom),
				label(at, height - 8, 'middle', duration(mark))]),
			current && line('.now', x(current), margin.top, x(current), height - margin.bottom, s('title', t('time.now'))),
			entries.map(entry => drawEntry(entry, x, y(laneOf(entry)))),
			next && s('circle.next', { cx: x(next), cy: y(1), r: 6 }, s('title', `${t('timeline.next')} ${exactTime(job.nextPollAt)}`))];
	}

	function drawEntry(entry, x, y) {
		const at = x(Date.parse(entry.at));
		const until = entry.until ? x(Date.parse(entry.until)) : at;
		const title = s('title', `${labelled(word('what', entry.what) + (entry.count > 1 ? ` (${number(entry.count)}×)` : ''), entryText(entry))}\n${exactTime(entry.at)}`);
		const colour = colourOf(entry);
		const isLong = until - at > 3;
		const mark = (shape, attributes) => s(`${shape}.mark.${colour}`, attributes);
		const dot = cx => mark('circle', { cx, cy: y, r: 5 });
		return s('g', entry.what === 'settled' || entry.what === 'expired' ? mark('rect', { x: at - 6, y: y - 6, width: 12, height: 12, rx: 2 }) : [
			isLong && line(`.span.${colour}`, at, y, until, y),
			entry.what === 'notified' ? mark('path', { d: `M${at} ${y - 7}l7 7l-7 7l-7-7z` }) : [dot(at), isLong && dot(until)]], title);
	}

	const when = at => h('span.when', { title: exactTime(at) }, `+ ${duration((Date.parse(at) - start) / 1000)}`);
	return h('section.panel',
		h('div.title-row', h('h2', t('timeline.title')), buttons),
		element,
		h('ol.entries', { id: 'timeline-list' },
			entries.map((entry, index) => [
				index === 8 && job.timelineOmitted > 0 && h('li.omitted', t('timeline.omitted', { n: job.timelineOmitted })),
				h('li',
					h('i', { class: `swatch ${colourOf(entry)}` }),
					when(entry.at),
					h('span.what', h('strong', word('what', entry.what)), entry.count > 1 && [' ', h('span.times', { title: entry.until && exactTime(entry.until) }, t('timeline.count', { n: entry.count, time: duration((Date.parse(entry.until ?? entry.at) - Date.parse(entry.at)) / 1000) }))], ' ', h('span.break', [index === 0 && exactTime(entry.at), entryText(entry)].filter(Boolean).map(text => `· ${text} `))))]),
			next && h('li.ahead', h('i.swatch.next-swatch'),
				when(job.nextPollAt),
				h('span.what', h('strong', t('timeline.next')), ' ', time(job.nextPollAt), job.nextPollReason && ` · ${t('timeline.because', { reason: word('reason', job.nextPollReason) })}`))));
}
