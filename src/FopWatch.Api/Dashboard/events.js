import { ask, send, session } from './api.js';

const idleAfter = 15 * 60 * 1000;
let lastInput = Date.now();
const wakers = new Set();

for (const kind of ['pointermove', 'pointerdown', 'keydown', 'scroll']) {
	addEventListener(kind, () => {
		const slept = Date.now() - lastInput > idleAfter;
		lastInput = Date.now();
		if (slept) wakers.forEach(wake => wake());
	}, { passive: true, capture: true });
}
document.addEventListener('visibilitychange', () => {
	lastInput = Date.now();
	wakers.forEach(wake => wake());
});

// Follows the host's events from now on, or from `after`. A tab that is hidden, or without input for 15 minutes, closes its stream and
// later continues after the last event. `onBegin` loads what happened before the stream.
export function follow({ source, after, always, onBegin, onEvent, onGap, onState, signal, fail }) {
	if (!session.events) {
		onState?.('none');
		return;
	}

	let position = after ?? null;
	let connection = null;
	let failures = 0;
	let retry = 0;
	const isWanted = () => !signal.aborted && !document.hidden && (always || Date.now() - lastInput < idleAfter);

	async function run() {
		const mine = new AbortController();
		connection = mine;
		const watchdog = setInterval(() => isWanted() || mine.abort(), 60000);
		try {
			const path = session.events + (source ? `?source=${encodeURIComponent(source)}` : '');
			const response = await send('GET', path, { signal: mine.signal, headers: position === null ? {} : { 'Last-Event-ID': position } });
			failures = 0;
			let isOpen = false;
			await read(response.body, given => {
				// The id is a position: from here on nothing is missed, even if the tab is hidden at once.
				if (given.id !== null && !isOpen) {
					isOpen = true;
					if (position === null) onBegin?.();
					onState?.('open');
				}
				message(given);
			});
			throw new Error('The stream ended.');
		} catch (error) {
			if (mine.signal.aborted) {
				if (!signal.aborted) onState?.('paused');
			} else if (error.status > 400 && error.status < 500 || error.status === 400 && position === null) {
				wakers.delete(wake);
				onState?.('none');
				if (onState || error.status === 401) fail(error);
			} else {
				onState?.('broken');
				ask().catch(fail);
				if (error.status === 400) position = null;
				retry = setTimeout(wake, Math.min(30000, 1000 * 2 ** failures++));
			}
		} finally {
			clearInterval(watchdog);
			if (connection === mine) connection = null;
		}
	}

	function message({ id, event, data }) {
		if (id !== null) position = id;
		if (data === null) return;
		let parsed;
		try {
			parsed = JSON.parse(data);
		} catch {
			return;
		}

		if (event === 'fopwatch.events.purged' || event === 'fopwatch.events.restarted') {
			if (parsed.resume) position = parsed.resume;
			onGap?.();
		} else if (parsed.data) {
			onEvent(parsed);
		}
	}

	function wake() {
		clearTimeout(retry);
		if (isWanted()) {
			if (!connection) run();
		} else {
			connection?.abort();
			connection = null;
		}
	}

	wakers.add(wake);
	signal.addEventListener('abort', () => {
		wakers.delete(wake);
		clearTimeout(retry);
		connection?.abort();
	});
	wake();
}

// Server-sent events with fetch, because EventSource cannot send the key in a header.
async function read(body, onMessage) {
	const reader = body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = '';
	let message = { id: null, event: '', data: null };
	for (;;) {
		const { value, done } = await reader.read();
		if (done) return;
		const lines = (rest + value).split('\n');
		rest = lines.pop();
		for (const line of lines.map(line => line.replace(/\r$/, ''))) {
			if (line === '') {
				onMessage(message);
				message = { id: null, event: '', data: null };
				continue;
			}

			const [, field, text] = /^([^:]*):? ?(.*)$/s.exec(line);
			if (field === 'id') message.id = text;
			else if (field === 'event') message.event = text;
			else if (field === 'data') message.data = message.data === null ? text : `${message.data}\n${text}`;
		}
	}
}
