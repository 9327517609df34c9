// Makes elements. Text enters the document as text nodes, never as markup.

export function h(name, ...children) {
	const [tag, ...classes] = name.split('.');
	const node = document.createElement(tag);
	node.className = classes.join(' ');
	node.append(...children);
	return node;
}

export function button(name, words, onclick) {
	return Object.assign(h(`button.${name}`, words), { type: 'button', onclick });
}

export function svg(tag, attributes, ...children) {
	const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
	for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
	node.append(...children);
	return node;
}

export const icon = (name) => svg('svg', { viewBox: '0 0 24 24', 'aria-hidden': true }, svg('use', { href: `#icon-${name}` }));

export function fill(node, words) {
	node.textContent = words || '';
	node.hidden = !words;
}
