import { h, replace, s } from './dom.js';

// An SVG as wide as its container, redrawn when the width changes. `draw(width)` returns its content.
export function plot(name, height, attributes, draw) {
	const svg = s('svg', { role: 'img', ...attributes });
	const element = h(`div.plot${name}`, svg);
	let drawn = 0;
	function redraw() {
		const width = element.clientWidth;
		if (width < 60) return;
		drawn = width;
		for (const [name, value] of [['viewBox', `0 0 ${width} ${height}`], ['width', width], ['height', height]]) svg.setAttribute(name, value);
		replace(svg, draw(width));
	}

	new ResizeObserver(() => element.clientWidth === drawn || redraw()).observe(element);
	return { element, svg, redraw };
}

// Round times for an axis, in seconds.
export const rounds = [0.001, 0.01, 0.1, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 432000, 864000, 2592000];

export const line = (name, x1, y1, x2, y2, ...content) => s(`line${name}`, { x1, x2, y1, y2 }, content);
export const label = (x, y, anchor, text) => s('text.tick', { x, y, 'text-anchor': anchor }, text);

export function spaced(marks, x, room, from = -Infinity) {
	const ticks = [];
	for (const mark of marks) {
		const at = x(mark);
		if (at - (ticks.at(-1)?.at ?? from) > room) ticks.push({ mark, at });
	}

	return ticks;
}
