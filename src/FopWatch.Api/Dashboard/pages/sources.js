import { address, get, mayAct, post, session } from '../api.js';
import { h, replace } from '../dom.js';
import { now, observeClock, time } from '../format.js';
import { t, word } from '../i18n.js';
import { actionButton, commandLine, copied, curlLine, errorsOf, facts, levelBadge, link, more, stateBox, toast } from '../ui.js';
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

export default function page({ main, signal, reader }) {
	const { body, load } = reader(async () => {
		const [overview, health] = await Promise.all([get('/api/overview?hours=24', signal), get('/health/ready', signal).catch(error => error)]);
		observeClock(overview.at);
		return [
			health instanceof Error && stateBox('error', t('sources.notReady'), [health.problem?.detail, errorsOf(health.problem)].filter(Boolean).join(' ')),
			findingList(overview.findings),
			overview.sources.length > 0 ? overview.sources.map(card) : firstSource()];
	});
	const doctor = h('div');
	const examine = actionButton(t('doctor.run'), async () => {
		replace(doctor, examined(await post('/api/doctor')));
		toast(t('done'));
	});
	main.append(h('div.title-row', h('h1', t('nav.sources')), actionButton(t('refresh'), load), mayAct() && !session.sources && examine), doctor, body);
}

const levels = ['trouble', 'warning', 'info', 'skipped'];

function examined({ at, findings }) {
	const list = some => h('ul.findings', some.map(({ level, check, source, what, why, fix }) => h('li',
		levelBadge(level), ' ', h('strong', word('check', check), source && ` · ${source}`), ' ', h('span.break', what),
		why && h('p.note', t('doctor.why'), ' ', why), fix && h('p.advice.break', h('strong', t('doctor.fix')), ' ', fix))));
	const passed = findings.filter(one => one.level === 'pass');
	return h('section.panel', h('h2', t('doctor.run'), h('small', time(at))),
		list(levels.flatMap(level => findings.filter(one => one.level === level))),
		more(t('doctor.passed', { n: passed.length }), list(passed)));
}

function firstSource() {
	return h('section.panel',
		h('h2', t('sources.none.title')), h('p', t('sources.none.text')),
		h('ol.steps',
			h('li', h('p', t('sources.first.file')), commandLine(JSON.stringify(example, null, 2))),
			h('li', h('p', t('sources.first.restart')), commandLine('dotnet run --project src/FopWatch.Local'))));
}

function card(source) {
	const here = address('/').href.replace(/\/$/, '');
	const notify = `${here}/api/notify/${source.name}/<token>`;
	const upload = `${here}/api/uploads/${source.name}/<token>`;
	const isQiniu = source.provider === 'qiniu';
	const policy = { scope: '<bucket>', deadline: Math.floor(now() / 1000) + 3600, persistentOps: 'avthumb/mp4', persistentNotifyUrl: notify, callbackUrl: upload, callbackBody: 'persistentId=$(persistentId)&bucket=$(bucket)&key=$(key)&hash=$(etag)&x:lesson=$(x:lesson)' };
	const registered = JSON.stringify({ source: source.name, id: '<persistentId>' });
	const isQuiet = !source.lastNotificationAt && source.books && source.books.registered === 0;
	return h('section.panel', { 'aria-label': source.name },
		h('div.title-row', h('h2', source.name), source.provider && h('small', word('provider', source.provider))),
		findingList(source.findings) || h('p', levelBadge('well')),
		facts([
			[t('sources.notifyUrl'), copied(notify, 'code'), t('sources.notifyUrl.explained')],
			isQiniu && [t('sources.uploadUrl'), copied(upload, 'code'), t('sources.uploadUrl.explained')],
			[t('overview.lastNotification'), source.lastNotificationAt ? time(source.lastNotificationAt) : t('sources.never')],
			[t('overview.lastPoll'), source.lastPoll ? [time(source.lastPoll.at), ' · ', word('answer', source.lastPoll.answer)] : t('sources.never')]], '.wide'),
		isQiniu && more(t('sources.policy'), commandLine(JSON.stringify(policy, null, 2))),
		h('details', { open: isQuiet }, h('summary', t('sources.steps')),
			h('ol.steps',
				h('li', h('p', t(isQiniu ? 'sources.step.notifyQiniu' : 'sources.step.notifyWangsu'))),
				h('li', h('p', t('sources.step.register')), curlLine('/api/jobs', `-d '${registered}' `)),
				h('li', h('p', t('sources.step.wait')), curlLine(`${here}/api/jobs/${source.name}/<persistentId>?wait=30`)),
				h('li', h('p', t('sources.step.events')), session.events ? curlLine(`${session.events}?source=${source.name}`, '-N ') : h('p.note', t('live.cloud.text'))),
				h('li', h('p', t('sources.step.quarantine')), h('a', { href: link('quarantine', { source: source.name }) }, t('nav.quarantine'))))),
		h('p.bar', ['jobs', 'plan'].map(page => h('a.button', { href: link(page, { source: source.name }) }, t(`nav.${page}`)))));
}
