// Elements are created by calls, and text is set as text: untrusted input (ids, commands, bodies) is never parsed as markup.

const svgNamespace = 'http://www.w3.org/2000/svg';

// h('a.button', { href }, 'text'): element and classes, attributes and listeners, content.
export const h = (name, ...rest) => make(tag => document.createElement(tag), name, rest);
export const s = (name, ...rest) => make(tag => document.createElementNS(svgNamespace, tag), name, rest);

function make(create, name, rest) {
	const [tag, ...classes] = name.split('.');
	const element = create(tag);
	if (tag === 'button') element.type = 'button';
	if (classes.length > 0) element.setAttribute('class', classes.join(' '));
	if (rest[0]?.constructor === Object) {
		for (const [name, value] of Object.entries(rest.shift())) {
			if (value == null || value === false) continue;
			if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
			else if (name === 'value' || name === 'checked') element[name] = value;
			else element.setAttribute(name, value === true ? '' : value);
		}
	}

	return append(element, rest);
}

export function append(element, children) {
	element.append(...[children].flat(Infinity).filter(child => child != null && child !== false));
	return element;
}

export function replace(element, ...children) {
	element.replaceChildren();
	return append(element, children);
}

// The result returns the focus after a redraw, to the element of the same name.
export function noteFocus(place) {
	const held = document.activeElement;
	if (!place.contains(held)) return () => {};

	// Without a chart's summary, with the card: the next has the same buttons.
	const nameOf = one => [(one.ariaLabel ?? one.labels?.[0]?.firstChild.textContent ?? one.textContent).split('. ')[0], one.closest('section, article')?.ariaLabel].join();
	const name = nameOf(held);
	const alike = () => [...place.querySelectorAll(held.tagName)].filter(one => nameOf(one) === name);
	const index = alike().indexOf(held);
	return () => {
		if (index < 0 || document.activeElement === held) return;
		alike()[index]?.focus({ preventScroll: true });
		if (document.activeElement === document.body) document.querySelector('main').focus({ preventScroll: true });
	};
}

export function keepFocus(place, draw) {
	const giveBack = noteFocus(place);
	draw();
	giveBack();
}

export const redraw = (place, ...children) => keepFocus(place, () => replace(place, ...children));

// An untrusted URL becomes a link only with http or https; any other (javascript:, data:) stays text.
export function outsideLink(url, text) {
	const parsed = URL.canParse(url) && new URL(url);
	return parsed && /^https?:$/.test(parsed.protocol)
		? h('a', { href: parsed.href, rel: 'noreferrer', target: '_blank', class: 'break' }, text)
		: h('span.break', text);
}

export function save(name, parts, type = 'application/octet-stream') {
	const url = URL.createObjectURL(new Blob(parts, { type }));
	h('a', { href: url, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// A value that lives as long as the tab. Some browsers refuse storage.
export function kept(name) {
	try {
		return sessionStorage.getItem(`fopwatch.${name}`);
	} catch {
		return null;
	}
}

export function keep(name, value) {
	try {
		if (value === null) sessionStorage.removeItem(`fopwatch.${name}`);
		else sessionStorage.setItem(`fopwatch.${name}`, value);
	} catch {
		// The value is lost on reload.
	}
}

// A JSON object or array, indented; null for any other or a deeper text. Numbers and repeated names stay as they are.
export function pretty(text) {
	let depth = 0;
	const line = by => `\n${'  '.repeat(depth += by)}`;
	try {
		JSON.parse(text);
		return /^\s*[[{]/.test(text) ? text.replace(/"(?:[^"\\]|\\.)*"|[[{]\s*[\]}]|\s+|[[{}\],:]/g, one => {
			if (depth > 50) throw depth;
			if (one[0] === '"') return one;
			if (one.length > 1 || !one.trim()) return one.replace(/\s/g, '');
			return one === ':' ? ': ' : one === ',' ? one + line(0) : '[{'.includes(one) ? one + line(1) : line(-1) + one;
		}) : null;
	} catch {
		return null;
	}
}
