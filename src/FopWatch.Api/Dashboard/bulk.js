import { call, jobPath, post, query } from './api.js';
import { h, save } from './dom.js';
import { t } from './i18n.js';
import { confirm, dialog, explain, toast } from './ui.js';

export async function actOnEach(action, jobs, signal) {
	if (!await isMeant(action, jobs.length)) return false;
	await withProgress(action, jobs.length, signal, async (progress, isOver) => {
		let failed = 0;
		let last = null;
		for (const [index, job] of jobs.entries()) {
			if (isOver()) break;
			try {
				await actOnJob(action, job.source, job.id);
			} catch (error) {
				if (error.isAway || error.status === 401 || error.status === 403) throw error;
				failed++;
				last = error;
			}

			progress(index + 1 - failed, failed, last && explain(last).text);
		}
	});
	return true;
}

export function actOnJob(action, source, id) {
	const path = jobPath(source, id);
	return action === 'stop' ? call('DELETE', path) : post(`${path}/${action}`);
}

const isMeant = (action, n) => confirm(t(`action.${action}`), t(`bulk.${action}.confirm`, { n }), t(`action.${action}`), action === 'stop' || action === 'delete');

// Acts on all matches of a filter: the first call counts them, and each later call continues the one before.
export async function actOnAll(path, action, filters, signal) {
	const ask = parameters => (action === 'delete' ? call('DELETE', path + query(parameters)) : post(`${path}/${action}${query(parameters)}`));
	const asked = await ask(filters);
	if (!asked.count) {
		toast(t('bulk.none'));
		return false;
	}

	if (!await isMeant(action, asked.atLeast ? asked.confirm : asked.count)) return false;
	await withProgress(action, asked.count, signal, async (progress, isOver) => {
		let answer = {};
		do {
			// `done` and `failed` are totals of all calls.
			answer = await ask({ ...filters, confirm: asked.confirm, continuation: answer.continuation });
			progress(answer.done ?? 0, answer.failed ?? 0);
		} while (answer.continuation && !isOver());
	});
	return true;
}

async function withProgress(action, count, signal, work) {
	const bar = h('progress', { max: count, value: 0, 'aria-labelledby': 'dialog-title' });
	const line = h('p', t('bulk.progress', { done: 0, n: count }));
	const reason = h('p.wrong');
	const end = h('div', { role: 'status' });
	let isOver = false;
	const isCut = () => isOver || signal.aborted;
	const closed = dialog(t(`action.${action}`), [bar, line, reason, end], [{ value: '', text: t('close') }]).then(() => { isOver = true; });
	const progress = (done, failed, why) => {
		bar.value = done + failed;
		line.textContent = t('bulk.progress', { done, n: count }) + (failed > 0 ? ` ${t('bulk.failed', { n: failed })}` : '');
		if (why) reason.textContent = why;
	};
	try {
		await work(progress, isCut);
		line.textContent += ` ${t(isCut() ? 'bulk.interrupted' : 'bulk.over')}`;
	} catch (error) {
		const { title: what, text } = explain(error);
		reason.textContent = `${what} ${text}`;
	}

	// Announced.
	end.append(line, reason);
	await closed;
}

// A quote before what a spreadsheet would read as a formula makes the cell text.
export function downloadCsv(name, columns, rows) {
	const cell = value => {
		const text = String(value ?? '');
		const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
		return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
	};
	const lines = [columns.map(([title]) => cell(title)), ...rows.map(row => columns.map(([, value]) => cell(value(row))))];
	save(name, [`\uFEFF${lines.map(line => line.join(',')).join('\r\n')}\r\n`], 'text/csv');
}
