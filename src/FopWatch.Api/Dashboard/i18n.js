import { keep, kept } from './dom.js';
import english from './lang/en.js';
import chinese from './lang/zh.js';

export const languages = { en: 'English', zh: '中文' };
const texts = { en: flat(english), zh: flat(chinese) };

export let language = kept('language') ?? (navigator.languages?.find(name => /^(en|zh)\b/i.test(name)) ?? 'en').slice(0, 2).toLowerCase();
if (!texts[language]) language = 'en';
document.documentElement.lang = locale();

function flat(groups) {
	return Object.fromEntries(Object.entries(groups).flatMap(([group, texts]) =>
		typeof texts === 'string' ? [[group, texts]] : Object.entries(texts).map(([name, text]) => [name ? `${group}.${name}` : group, text])));
}

export function setLanguage(name) {
	language = name;
	keep('language', name);
	document.documentElement.lang = locale();
}

export function locale() {
	return language === 'zh' ? 'zh-CN' : 'en-GB';
}

export function has(key) {
	return Object.hasOwn(texts[language], key);
}

// A text with {names} replaced, and of each [one|many] what suits `n`.
export function t(key, values = {}) {
	const text = texts[language][key] ?? key;
	return text.replace(/\[([^|\]]*)\|([^\]]*)\]/g, (_, one, many) => (values.n === 1 ? one : many)).replace(/\{(\w+)\}/g, (whole, name) => (values[name] === undefined ? whole : typeof values[name] === 'number' ? number(values[name]) : values[name]));
}

// The text of a word of the API, or the word itself where a newer host has one that this page does not know.
export function word(group, name) {
	const key = `${group}.${name}`;
	return has(key) ? t(key) : String(name);
}

export function number(value, digits = 0) {
	return new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
}
