import { keep, kept } from './dom.js';
import words from './words.js';

export const languages = { en: 'English', zh: '中文' };
const texts = new Map();
let group = '';
for (const [, indent, name, english, chinese] of words.matchAll(/^(\t?)([\w.]+)(?:: (.+) = (.+))?$/gm)) {
	if (!indent) group = name;
	if (english) texts.set(indent ? `${group}.${name}` : name, [english, chinese]);
}

export let language = kept('language') ?? (navigator.languages?.find(name => /^(en|zh)\b/i.test(name)) ?? 'en').slice(0, 2).toLowerCase();
setLanguage(languages[language] ? language : 'en');

export function setLanguage(name) {
	if (name !== language) keep('language', name);
	language = name;
	document.documentElement.lang = locale();
}

export function locale() {
	return language === 'zh' ? 'zh-CN' : 'en-GB';
}

export const has = key => texts.has(key);

// Replaces {names}, and selects from each [one|many] by `n`.
export function t(key, values = {}) {
	const text = texts.get(key)?.[language === 'zh' ? 1 : 0] ?? key;
	return text.replace(/\[([^|\]]*)\|([^\]]*)\]/g, (_, one, many) => (values.n === 1 ? one : many))
		.replace(/\{(\w+)\}/g, (whole, name) => (typeof values[name] === 'number' ? number(values[name]) : values[name] ?? whole));
}

// The text of an enum value of the API; the value itself if a newer host sends one unknown to this page.
export function word(group, name) {
	const key = `${group}.${name}`;
	return has(key) ? t(key) : String(name);
}

export const labelled = (...parts) => parts.filter(Boolean).join(t('colon'));

export const number = (value, digits = 0) => new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
