import { get, query, sourceNames } from '../api.js';
import { h, s } from '../dom.js';
import { duration, percent } from '../format.js';
import { labelled, number, t, word } from '../i18n.js';
import { label, line, plot, rounds, spaced } from '../plot.js';
import { emptyBox, figure, more, noSourceBox, sourceField } from '../ui.js';

const height = 120;
const margin = { left: 8, right: 8, top: 26, bottom: 20 };

export default function page({ main, parameters, signal, reader, setParameters }) {
	let source = parameters.get('source') ?? '';
	const { body, load } = reader(async () => {
		const answer = await get(`/api/plan${query({ source })}`, signal);
		return answer.sources.length === 0 ? noSourceBox() : answer.sources.map(sourcePlan);
	});
	main.append(h('h1', t('nav.plan')), h('p.intro', t('plan.intro')),
		h('div.bar', sourceField(sourceNames(), () => source, value => { source = value; setParameters({ source }); load(); })), body);
}

function sourcePlan(source) {
	const classes = source.classes ?? [];
	return h('section.panel', { 'aria-label': source.name },
		h('div.title-row', h('h2', source.name), h('span.badge.level-info', word('plan', source.plan))),
		h('p.note', t(`plan.${source.plan === 'learned' ? 'learned' : 'fixed'}.explained`), source.reason && ` · ${source.reason}`),
		source.heard && h('p.note', t('plan.heard', { share: percent(source.heard.share), low: percent(source.heard.low), high: percent(source.heard.high), n: source.heard.of })),
		classes.length === 0 ? emptyBox('plan.noClasses') : h('div.classes', [source.ofSource && { class: t('plan.ofSource'), ...source.ofSource }, ...classes].filter(Boolean).map(classPlan)));
}

function classPlan(one) {
	const gain = one.fixed?.expectedDelay > 0 && Number.isFinite(one.expectedDelay) ? 1 - one.expectedDelay / one.fixed.expectedDelay : NaN;
	return h('article.class-plan',
		h('h3', h('bdi.break', one.class), h('small', t('plan.known', { n: Math.round(one.known ?? 0) })), h('small', word('classPlan', one.plan))),
		picture(one),
		h('dl.figures',
			figure(t('plan.polls'), number(one.expectedPolls ?? NaN, 2), one.fixed && `${t('plan.fixedPlan')} ${number(one.fixed.expectedPolls, 2)}`),
			figure(t('plan.delay'), duration(one.expectedDelay), one.fixed && labelled(`${t('plan.fixedPlan')} ${duration(one.fixed.expectedDelay)}`, gain > 0.01 && t('plan.sooner', { share: percent(gain) }))),
			one.overdueAfter && figure(t('overdue.after'), duration(one.overdueAfter)),
			one.optimum && figure(t('plan.optimum'), duration(one.optimum.expectedDelay), Number.isFinite(one.efficiency) && t('plan.efficiency', { share: percent(one.efficiency) }))),
		more(t('plan.ages'), h('p', (one.ages ?? []).slice(0, 60).map(duration).join(', ') || '–', (one.agesCut || one.ages?.length > 60) && ' …')));
}

// Bars: ages at which jobs ended. Ticks above: polls of the plan. The axis of ages is logarithmic.
function picture(one) {
	const bars = (one.histogram ?? []).filter(bar => bar.to > bar.from);
	const ages = (one.ages ?? []).filter(age => age > 0);
	if (bars.length === 0 && ages.length === 0) return null;
	const from = Math.max(0.5, Math.min(...bars.map(bar => Math.max(bar.from, bar.to / 2)), ...ages) * 0.8);
	const lastBar = Math.max(from * 2, ...bars.map(bar => bar.to));
	const to = Math.max(lastBar, Math.min(Math.max(...ages, 0), lastBar * 4)) * 1.1;
	const most = Math.max(...bars.map(bar => bar.share), 0.000001);

	const base = height - margin.bottom;
	const { element } = plot('.plan-plot', height, { 'aria-label': t('plan.picture', { class: one.class, n: ages.length }) }, width => {
		const inner = width - margin.left - margin.right;
		const x = age => margin.left + inner * Math.min(1, Math.max(0, Math.log(Math.max(age, from) / from) / Math.log(to / from)));
		return [
			line('.grid', margin.left, base, width - margin.right, base),
			spaced(rounds.filter(mark => mark >= from && mark <= to), x, 56).map(({ mark, at }) => [
				line('.grid.faint', at, margin.top, at, base),
				label(at, height - 5, at > width - 30 ? 'end' : at < 30 ? 'start' : 'middle', duration(mark))]),
			bars.map(bar => s('rect.c2', { x: x(bar.from), width: Math.max(1, x(bar.to) - x(bar.from) - 0.5), y: base - (base - margin.top) * bar.share / most, height: (base - margin.top) * bar.share / most },
				s('title', labelled(`${duration(bar.from)} – ${duration(bar.to)}`, percent(bar.share))))),
			ages.filter(age => age <= to).map((age, index) => s('g.poll',
				line('', x(age), 8, x(age), margin.top - 4), s('circle', { cx: x(age), cy: 8, r: 3.2 }), s('title', t('plan.poll', { n: index + 1, time: duration(age) }))))];
	});
	return [element, h('div.legend', h('span.key', h('i.swatch.c2'), t('plan.legend.ages')), h('span.key', h('i.swatch.round'), t('plan.legend.polls')))];
}
