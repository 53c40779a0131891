import { keep, kept } from './dom.js';
import { observeClock } from './format.js';
import { language } from './i18n.js';

// Paths are relative to the dashboard's URL, so that it works below a proxy's prefix.
const root = new URL('../', import.meta.url);

// How the key is sent. In the cloud, the Functions host admits its own keys to `/api`, and passes FopWatch's keys only below `/keyed`.
const ways = [{ base: '', header: 'X-Api-Key' }, { base: 'keyed/', header: 'X-Api-Key' }, { base: '', header: 'x-functions-key' }];
let key = kept('key');
let way = ways[Number(kept('way'))] ?? ways[0];

export class Failure extends Error {
	constructor(status, problem) {
		super(problem?.detail || problem?.title || `HTTP ${status}`);
		this.status = status;
		this.problem = problem ?? null;
	}

	get isAway() {
		return this.status === 0;
	}
}

export const hasKey = () => key !== null;

export function setKey(value) {
	key = value;
	forgetSources();
	keep('key', value);
	useWay(ways[0]);
}

function useWay(chosen) {
	way = chosen;
	keep('way', chosen === ways[0] ? null : ways.indexOf(chosen));
}

export const address = path => new URL(path.replace(/^\//, ''), root);

// The key goes in a header: a URL would be logged, and a cookie would let another page act through this browser.
export async function send(method, path, { body, signal, headers } = {}) {
	let response;
	try {
		response = await fetch(new URL(way.base + path.replace(/^\//, ''), root), {
			method,
			signal,
			cache: 'no-store',
			headers: { 'Accept-Language': language, ...(key ? { [way.header]: key } : {}), ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers },
			body: body ? JSON.stringify(body) : undefined,
		});
	} catch (error) {
		if (error.name === 'AbortError') throw error;
		throw new Failure(0);
	}

	if (response.ok) return response;
	let problem = null;
	try {
		problem = await response.json();
	} catch {
		// A proxy or the Functions host may answer without problem details.
	}

	throw new Failure(response.status, problem);
}

export async function call(method, path, { parse = JSON.parse, ...options } = {}) {
	const response = await send(method, path, options);
	if (response.status === 204) return null;
	try {
		return parse(await response.text());
	} catch (error) {
		if (error.name === 'AbortError') throw error;
		throw new Failure(0);
	}
}

export const get = (path, signal) => call('GET', path, { signal });
export const post = (path, body) => call('POST', path, { body });

// Null for a 404.
export const getIfThere = (path, signal) => get(path, signal).catch(error => {
	if (error.status !== 404) throw error;
	return null;
});

export function query(parameters) {
	const text = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value != null && value !== '')).toString();
	return text ? `?${text}` : '';
}

export const jobPath = (source, id) => `/api/jobs/${encodeURIComponent(source)}/${encodeURIComponent(id)}`;

export const session = { rights: 'write' };

export async function readSession() {
	let refusal = null;
	for (const candidate of key && way === ways[0] ? ways : [way]) {
		try {
			useWay(candidate);
			await ask();
			return;
		} catch (error) {
			refusal ??= error;
			if (error.status !== 401 && error.status !== 404) break;
		}
	}

	useWay(ways[0]);
	throw refusal;
}

export async function ask() {
	Object.assign(session, await get('/api/me'));
	observeClock(session.at);
}

export const mayAct = () => session.rights === 'write';

let known = null;

// The names of the sources for filters, requested once.
export function sourceNames() {
	known ??= get('/api/overview?hours=1').then(overview => overview.sources.map(source => source.name), () => {
		known = null;
		return session.sources;
	});
	return known;
}

export function forgetSources() {
	known = null;
}
