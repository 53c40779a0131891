import { address, get, getIfThere, session } from '../api.js';
import { h } from '../dom.js';
import { observeClock, time } from '../format.js';
import { t, word } from '../i18n.js';
import { actionButton, commandLine, copyButton, curlLine, facts, levelBadge, link, olderBox, stateBox } from '../ui.js';
import { findingList } from './overview.js';

const example = {
	FopWatch: {
		PublicUrl: 'https://hooks.example.com',
		ApiKey: '<your API key>',
		Sources: {
			media: { Provider: 'Qiniu', NotifyTokens: ['<openssl rand -hex 16>'], Keys: { '<access key>': '<secret key>' } },
		},
	},
};

// The sources: where their notifications come, how to register the first job, and what is wrong. Without a source: how to begin.
export function page({ main, signal, reader }) {
	const { body, load } = reader(async () => {
		const [overview, health] = await Promise.all([getIfThere('/api/overview?hours=24', signal), get('/health/ready', signal).catch(error => error)]);
		if (overview) observeClock(overview.at);
		const sources = overview ? overview.sources : (session.sources ?? []).map(name => ({ name }));
		return [
			health instanceof Error && stateBox('error', t('sources.notReady'), [health.problem?.detail, ...(health.problem?.errors ?? []).map(one => `${one.element}: ${one.detail}`)].filter(Boolean).join(' ')),
			findingList(overview?.findings),
			sources.length > 0 ? sources.map(card) : overview ? firstSource() : olderBox()];
	});
	main.append(h('div.title-row', h('h1', t('nav.sources')), actionButton(t('refresh'), load)), body);
}

function firstSource() {
	const text = JSON.stringify(example, null, 2);
	return h('section.panel',
		h('h2', t('sources.none.title')), h('p', t('sources.none.text')),
		h('ol.steps',
			h('li', h('p', t('sources.first.file')), h('div.command', h('pre', text), copyButton(text))),
			h('li', h('p', t('sources.first.restart')), commandLine('dotnet run --project src/FopWatch.Local'))));
}

function card(source) {
	const here = address('/').href.replace(/\/$/, '');
	const notify = `${here}/api/notify/${source.name}/<token>`;
	const registered = JSON.stringify({ source: source.name, id: '<persistentId>' });
	const isQuiet = !source.lastNotificationAt && source.books && source.books.registered === 0;
	return h('section.panel', { 'aria-label': source.name },
		h('div.title-row', h('h2', source.name), source.provider && h('small', word('provider', source.provider))),
		findingList(source.findings) || h('p', levelBadge('well')),
		facts([
			[t('sources.notifyUrl'), [h('code.break', notify), copyButton(notify)], t('sources.notifyUrl.explained')],
			[t('overview.lastNotification'), source.lastNotificationAt ? time(source.lastNotificationAt) : t('sources.never')],
			[t('overview.lastPoll'), source.lastPoll ? [time(source.lastPoll.at), ' · ', word('answer', source.lastPoll.answer)] : t('sources.never')]], '.wide'),
		h('details', { open: isQuiet }, h('summary', t('sources.steps')),
			h('ol.steps',
				h('li', h('p', t(source.provider?.startsWith('wangsu') ? 'sources.step.notifyWangsu' : 'sources.step.notifyQiniu'))),
				h('li', h('p', t('sources.step.register')), curlLine(`${here}/api/jobs`, `-d '${registered}' `)),
				h('li', h('p', t('sources.step.wait')), curlLine(`${here}/api/jobs/${source.name}/<persistentId>?wait=30`)),
				h('li', h('p', t('sources.step.events')), session.events ? curlLine(`${here}${session.events}?source=${source.name}`, '-N ') : h('p.note', t('live.cloud.text'))),
				h('li', h('p', t('sources.step.quarantine')), h('a', { href: link('quarantine', { source: source.name }) }, t('nav.quarantine'))))),
		h('p.bar', ['jobs', 'plan'].map(page => h('a.button', { href: link(page, { source: source.name }) }, t(`nav.${page}`)))));
}
