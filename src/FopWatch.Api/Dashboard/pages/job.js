import { ask, call, getIfThere, jobPath, mayAct, post } from '../api.js';
import { actOnJob } from '../bulk.js';
import { h, outsideLink, pretty, redraw } from '../dom.js';
import { follow } from '../events.js';
import { bytes, duration, now, time } from '../format.js';
import { answerText, timeline } from '../job-timeline.js';
import { number, t, word } from '../i18n.js';
import { actionButton, badge, confirm, copied, copyButton, curlLine, emptyBox, facts, lazy, link, loading, overdueBadge, toast } from '../ui.js';

export default function page({ main, parts, signal, fail }) {
	const [, source, id] = parts;
	const path = jobPath(source, id);
	const body = h('div', loading());
	let shown = null;
	let timer = 0;
	main.append(
		h('p.crumbs', h('a', { href: link('jobs', { source }) }, `${t('nav.jobs')} · ${source}`)),
		h('h1.id', h('bdi.break', id), copyButton(id)), body);
	signal.addEventListener('abort', () => clearTimeout(timer));
	const clock = ask().catch(() => {});
	load().then(() => follow({ source, signal, fail, onEvent: ({ data }) => {
		if (data.id === id && data.version > (shown?.version ?? 0)) load();
	}, onBegin: load, onGap: load }));

	async function load() {
		try {
			const [[text, job]] = await Promise.all([call('GET', path, { signal, parse: text => [text, JSON.parse(text)] }), clock]);
			draw(text, job);
		} catch (error) {
			shown = null;
			if (error.status === 404) redraw(body, h('div.loaded', emptyBox('job.none', h('a.button', { href: '#/jobs' }, t('nav.jobs')))));
			else fail(error, load);
		}
	}

	// A poll that changes nothing creates no event, so the page reloads once after the poll is due.
	function expectPoll(job) {
		clearTimeout(timer);
		if (!job.nextPollAt) return;
		const wait = Date.parse(job.nextPollAt) - now() + 2000;
		if (wait > 0 && wait < 3600000) timer = setTimeout(() => document.hidden ? document.addEventListener('visibilitychange', load, { once: true, signal }) : load(), Math.max(3000, wait));
	}

	function draw(text, job) {
		expectPoll(job);

		// Keep the buttons: one may just be pressed.
		if (text === shown?.text) return;
		shown = { text, version: job.version };
		const written = JSON.parse(text, asWritten);
		const open = [...body.querySelectorAll('details[open]')].map(details => details.dataset.name);
		redraw(body, h('div.loaded',
			h('div.verdict-row', badge(job.state), !job.settled && job.overdue && overdueBadge(), h('p', verdict(job))),
			mayAct() && actions(job),
			h('div.columns',
				h('section.panel', h('h2', t('jobs.watch')), watchFacts(job)),
				h('section.panel', h('h2', t('job.facts')), jobFacts(job))),
			timeline(job),
			items(job, written),
			metadata(job),
			raw(job, written)));
		for (const details of body.querySelectorAll('details[data-name]')) details.open = open.includes(details.dataset.name);
	}

	function actions(job) {
		const act = (verb, question) => async () => {
			if (question && !await confirm(t(`action.${verb}`), question, t(`action.${verb}`), true)) return;
			const answer = await actOnJob(verb, source, id);
			toast(answer.answer ? t('job.polled', { answer: answerText(answer.answer) }) : t('done'));
			await load();
		};
		return h('div.bar',
			job.watch !== 'done' && actionButton(t('action.poll'), act('poll'), { title: t('action.poll.explained'), kind: 'primary' }),
			job.settled && actionButton(t('action.republish'), act('republish'), { title: t('action.republish.explained') }),
			/stopped|givenUp/.test(job.watch) && actionButton(t('action.resume'), async () => {
				await post('/api/jobs', { source, id });
				toast(t('done'));
				await load();
			}, { title: t('action.resume.explained') }),
			job.watch === 'watching' && actionButton(t('action.stop'), act('stop', t('bulk.stop.confirm', { n: 1 })), { title: t('action.stop.explained'), kind: 'danger-text' }));
	}
}

// All digits: a provider's number may be too large for JavaScript.
const asWritten = (name, value, context) => (typeof value === 'number' && JSON.rawJSON ? JSON.rawJSON(context.source) : value);

function verdict(job) {
	const took = job.settledAt ? duration((Date.parse(job.settledAt) - Date.parse(job.registeredAt)) / 1000) : '';
	const explained = t(`state.${job.state}.explained`);
	return job.settled && job.settledBy ? `${explained} ${t(`job.settled.${job.state === 'expired' && job.settledBy === 'poll' ? 'unknown' : job.settledBy}`, { time: took })}` : explained;
}

function watchFacts(job) {
	return facts([
		[t('jobs.state'), job.watch && word('watch', job.watch), job.watch && t(`watch.${job.watch}.explained`)],
		[t('timeline.next'), job.nextPollAt && time(job.nextPollAt), job.nextPollReason && t('timeline.because', { reason: word('reason', job.nextPollReason) })],
		[t('overview.lastPoll'), job.lastPoll && time(job.lastPoll.at), answerText(job.lastPoll?.answer)],
		[t('job.polls'), number(job.polls)],
		[t('job.delivery'), word('delivery', job.notification), job.notification === 'failed' && t('delivery.failed.explained')],
		[t('what.registered'), time(job.registeredAt)],
		[t('what.settled'), job.settledAt && time(job.settledAt)],
	]);
}

function jobFacts(job) {
	return facts([
		[t('job.provider'), word('provider', job.provider)],
		[t('search.bucket'), job.bucket],
		[t('search.key'), copied(job.key)],
		[t('job.pipeline'), job.pipeline],
		[t('job.requestId'), copied(job.requestId)],
		[t('job.taskFrom'), job.taskFrom],
		[t('job.created'), job.createdAt && time(job.createdAt)],
		[t('search.ref'), copied(job.ref), job.ref && t('job.ref.explained')],
		[t('live.version'), number(job.version)],
	]);
}

function items(job, written) {
	const list = job.items ?? [];
	const { total, succeeded, failed, running } = job.counts;
	return h('section.panel',
		h('h2', t('jobs.items'), h('small', t('job.items.count', { n: total, succeeded, failed, running, skipped: total - succeeded - failed - running }))),
		job.truncated && h('p.note', t('job.truncated')),
		list.length === 0 ? h('p.note', t('job.items.none')) : h('ol.items', list.slice(0, 200).map((item, index) => h('li',
			h('div.item-head', badge(item.state), h('code.break', item.command), item.reusedOldOutput && h('span.badge.level-warning', { title: t('job.reused.explained') }, t('job.reused'))),
			item.error && h('p.wrong.break', item.error, item.errorIndex !== undefined && ` (${t('job.errorIndex', { n: item.errorIndex })})`),
			item.input && h('p.output', t('job.input'), ' ', h('bdi.break', [item.input.bucket, item.input.key].filter(Boolean).join(' / '))),
			(item.outputs ?? []).slice(0, 100).map(output),
			item.outputs?.length > 100 && h('p.note', t('job.moreItems', { n: item.outputs.length - 100 })),
			item.result != null && h('details', { 'data-name': `result-${index}` }, h('summary', t('job.result')), h('pre', JSON.stringify(written.items[index].result, null, 2)))))),
		list.length > 200 && h('p.note', t('job.moreItems', { n: list.length - 200 })));
}

function output(output) {
	const name = [output.bucket, output.key].filter(Boolean).join(' / ');
	return h('p.output', '→ ', output.url ? outsideLink(output.url, name || output.url) : h('bdi.break', name || '–'),
		output.size != null && h('small', bytes(output.size)), output.hash && h('small.break', output.hash), output.url && copyButton(output.url));
}

function metadata(job) {
	const pairs = Object.entries(job.metadata ?? {});
	return pairs.length > 0 && h('section.panel', h('h2', t('search.metadata')), facts(pairs.map(([name, value]) =>
		[h('bdi.break', name), value ? h('a.break', { href: link('jobs', { [`metadata.${name}`]: value }) }, h('bdi', value)) : '–']), '.wide'));
}

function raw(job, written) {
	return h('section.panel',
		h('h2', t('job.raw')),
		curlLine(jobPath(job.source, job.id)),
		providersBody(job),
		h('details', { 'data-name': 'json' }, h('summary', t('job.json')), h('pre', JSON.stringify(written, null, 2))));
}

function providersBody(job) {
	const path = `${jobPath(job.source, job.id)}/body`;
	return lazy(t('job.body'), 'body', async () => {
		const answer = await getIfThere(path);
		return answer ? [
			h('p.note', t(answer.final ? 'job.body.final' : 'job.body.open'), ' ', answer.redacted > 0 && t('job.body.redacted', { n: answer.redacted })),
			h('pre', pretty(answer.body) ?? answer.body), curlLine(path)] : h('p.note', t('job.body.none'));
	});
}
