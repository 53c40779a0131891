import { get, getIfThere, mayAct, post, query } from '../api.js';
import { h } from '../dom.js';
import { time, zone } from '../format.js';
import { labelled, number, t, word } from '../i18n.js';
import { actionButton, badge, cell, confirm, copied, dialog, emptyBox, facts, headings, jobCell, lazy, toast } from '../ui.js';

const colours = { active: 'succeeded', failing: 'partiallyFailed', paused: 'failed' };

export default function page({ main, signal, reader }) {
	const { body, load } = reader(async () => {
		const answer = await getIfThere('/api/webhooks', signal);
		if (!answer) return emptyBox('live.cloud');
		return answer.webhooks.length > 0 ? answer.webhooks.map(card) : emptyBox('webhooks.none');
	});
	main.append(h('div.title-row', h('h1', t('nav.webhooks')), actionButton(t('refresh'), load)), h('p.intro', t('webhooks.intro')), body);

	function card(webhook) {
		const path = `/api/webhooks/${encodeURIComponent(webhook.name)}`;
		const act = verb => actionButton(t(`webhooks.${verb}`), async () => {
			const parameters = verb === 'replay' ? await askSince() : {};
			if (!parameters) return;
			if (verb === 'replay') {
				const { behind } = await get(`${path}/replay${query(parameters)}`);
				if (!await confirm(t('webhooks.replay'), t('webhooks.replay.confirm', { n: behind }), t('webhooks.replay'))) return;
			}
			const answer = await post(`${path}/${verb}${query(parameters)}`);
			toast(verb === 'test' ? t('webhooks.tested', { answer: answerOf(answer) }) : t('done'), answer.error);
			await load();
		}, { kind: verb === 'resume' ? 'primary' : undefined });
		const { state, pausedBecause } = webhook;
		return h('section.panel', { 'aria-label': webhook.name },
			h('div.title-row', h('h2', webhook.name), badge(colours[state], word('webhookState', state))),
			state !== 'active' && h('p.verdict', state === 'paused' ? word('pausedBecause', pausedBecause) : t('webhooks.failing.explained')),
			webhook.missed > 0 && h('p.wrong', t('webhooks.missed', { n: webhook.missed })),
			facts([
				['URL', copied(webhook.url)],
				[t('webhooks.behind'), number(webhook.behind), t('webhooks.position', { n: webhook.position })],
				[t('webhooks.last'), webhook.lastDeliveredAt ? time(webhook.lastDeliveredAt) : t('sources.never'), webhook.lastStatus && `HTTP ${webhook.lastStatus}`],
				webhook.failingSince && [t('webhooks.failing'), time(webhook.failingSince), [h('span.wrong', webhook.lastError), ' · ', t('webhooks.attempt', { n: webhook.attempt })]],
				[t('webhooks.next'), webhook.nextAttemptAt && time(webhook.nextAttemptAt)],
				[t('webhooks.only'), [...webhook.types, ...webhook.sources, ...webhook.states].join(', ')],
			], '.wide'),
			mayAct() && h('div.bar', act(state === 'paused' ? 'resume' : 'pause'), act('replay'), act('test')),
			deliveries(path));
	}

	const deliveries = path => lazy(t('webhooks.deliveries'), null, async () => {
		const { deliveries } = await get(`${path}/deliveries?top=50`, signal);
		return deliveries.length === 0 ? h('p.note', t('sources.never')) : h('div.scroll', h('table.jobs',
			h('thead', h('tr', headings('live.time', 'webhooks.result', 'search.id', 'live.event', 'webhooks.attempts'))),
			h('tbody', deliveries.map(one => h('tr',
				cell('live.time', time(one.at)),
				cell('webhooks.result', h('span', { class: one.status >= 200 && one.status < 300 ? 'break' : 'break wrong' }, answerOf(one))),
				jobCell(one),
				cell('live.event', word('what', String(one.type).split('.').at(-1))),
				cell('webhooks.attempts', `${number(one.attempt)}, ${number(one.milliseconds)} ms`))))));
	});
}

const answerOf = ({ status, error }) => labelled(status && `HTTP ${status}`, error);

// The start of the replay; null if cancelled.
async function askSince() {
	const input = h('input', { type: 'datetime-local', step: '1' });
	const chosen = await dialog(t('webhooks.replay'), [h('p', t('webhooks.replay.text')), h('label.field', h('span', `${t('webhooks.since')} (${zone()})`), input)],
		[{ value: '', text: t('cancel') }, { value: 'yes', text: t('webhooks.replay'), kind: 'primary' }]);
	return chosen ? (input.value ? { since: new Date(input.value).toISOString() } : { from: 0 }) : null;
}
