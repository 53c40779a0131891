import { address, get, getIfThere, session } from '../api.js';
import { h, replace } from '../dom.js';
import { observeClock, time } from '../format.js';
import { t, word } from '../i18n.js';
import { actionButton, commandLine, copyButton, curlLine, levelBadge, loading, olderBox, stateBox } from '../ui.js';
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
export function page({ main, signal, fail }) {
	const body = h('div', loading());
	main.append(h('div.title-row', h('h1', t('nav.sources')), actionButton(t('refresh'), load)), body);
	load();

	async function load() {
		try {
			const [overview, health] = await Promise.all([getIfThere('/api/overview?hours=24', signal), get('/health/ready', signal).catch(error => error)]);
			if (overview) observeClock(overview.at);
			const names = overview ? overview.sources : (session.sources ?? []).map(name => ({ name }));
			replace(body, h('div.loaded',
				health instanceof Error && stateBox('error', t('sources.notReady'), [health.problem?.detail, ...(health.problem?.errors ?? []).map(one => `${one.element}: ${one.detail}`)].filter(Boolean).join(' ')),
				findingList(overview?.findings),
				names.length > 0 ? names.map(card)
					: overview ? firstSource() : olderBox()));
		} catch (error) {
			fail(error, load);
		}
	}
}

function firstSource() {
	const text = JSON.stringify(example, null, 2);
	return h('section.panel',
		h('h2', t('sources.none.title')), h('p', t('sources.none.text')),
		h('ol.steps',
			h('li', h('p', t('sources.first.file')), h('div.command', h('pre', text), copyButton(text, t('copy')))),
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
		h('dl.facts.wide',
			h('div', h('dt', t('sources.notifyUrl')), h('dd', h('code.break', notify), copyButton(notify), h('small', t('sources.notifyUrl.explained')))),
			h('div', h('dt', t('overview.lastNotification')), h('dd', source.lastNotificationAt ? time(source.lastNotificationAt) : t('sources.never'))),
			h('div', h('dt', t('overview.lastPoll')), h('dd', source.lastPoll ? [time(source.lastPoll.at), ' · ', word('answer', source.lastPoll.answer)] : t('sources.never')))),
		h('details', { open: isQuiet }, h('summary', t('sources.steps')),
			h('ol.steps',
				h('li', h('p', t(source.provider?.startsWith('wangsu') ? 'sources.step.notifyWangsu' : 'sources.step.notifyQiniu'))),
				h('li', h('p', t('sources.step.register')), curlLine(`${here}/api/jobs`, `-d '${registered}' `)),
				h('li', h('p', t('sources.step.wait')), curlLine(`${here}/api/jobs/${source.name}/<persistentId>?wait=30`)),
				h('li', h('p', t('sources.step.events')), session.events ? curlLine(`${here}${session.events}?source=${source.name}`, '-N ') : h('p.note', t('live.cloud.text'))),
				h('li', h('p', t('sources.step.quarantine')), h('a', { href: `#/quarantine?source=${encodeURIComponent(source.name)}` }, t('nav.quarantine'))))),
		h('p.bar', h('a.button', { href: `#/jobs?source=${encodeURIComponent(source.name)}` }, t('nav.jobs')), h('a.button', { href: `#/plan?source=${encodeURIComponent(source.name)}` }, t('nav.plan'))));
}
