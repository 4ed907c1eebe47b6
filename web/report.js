// @ts-check
"use strict";
// What the report gains with a script: flame graphs that zoom, search and take the keyboard, and a
// button that copies a command. Without it everything is still there to read.

/** @typedef {{names: string[], depth: number[], name: number[], us: number[], kind: number[], before?: number[]}} Profile */
/** @typedef {{name: string, us: number, before: number, kind: number, depth: number, up: Frame|null, down: Frame[], at: number}} Frame */

const KINDS = ["other", "cpu", "runqueue", "lock", "disk", "db", "cache", "net", "gc", "fault", "sleep", "other", "queue"];
const ROW = 18;
const LEAST = 0.003;
const SVG = "http://www.w3.org/2000/svg";

/** The same as in svg_flame.c. @param {string} name */
function shade(name) {
	let sum = 0;
	for (let i = 0; i < name.length; i++)
		if (name.charCodeAt(i) < 128)
			sum = (Math.imul(sum, 31) + name.charCodeAt(i)) >>> 0;
	return sum % 5;
}

/** The same as in flame_tree.c. @param {Frame} f @param {Frame} root */
function change(f, root) {
	const share = (f.us - f.before) / Math.max(root.us, root.before);
	const level = [0.01, 0.03, 0.08].filter(step => Math.abs(share) >= step).length;
	return share < 0 ? -level : level;
}

/** @param {number} us */
function seconds(us) {
	return us < 1e3 ? Number(us.toPrecision(3)) + " us" : us < 1e6 ? (us / 1e3).toPrecision(3) + " ms" : (us / 1e6).toPrecision(3) + " s";
}

/** Preorder lists back into a tree. @param {Profile} p @returns {Frame[]} */
function grow(p) {
	/** @type {Frame[]} */
	const all = [];
	/** @type {Frame[]} */
	const path = [];
	p.depth.forEach((depth, i) => {
		const up = depth ? path[depth - 1] : null, last = up && up.down[up.down.length - 1];
		/** @type {Frame} */
		const f = { name: p.names[p.name[i]], us: p.us[i], before: p.before ? p.before[i] : 0, kind: p.kind[i], depth, up, down: [], at: last ? last.at + last.us : up ? up.at : 0 };
		if (up)
			up.down.push(f);
		all.push(path[depth] = f);
	});
	return all;
}

/** @param {string} tag @param {Object<string, string|number>} attributes @param {string} [text] */
function svg(tag, attributes, text) {
	const e = document.createElementNS(SVG, tag);
	for (const k in attributes)
		e.setAttribute(k, String(attributes[k]));
	if (text !== undefined)
		e.textContent = text;
	return e;
}

/** @param {HTMLElement} figure */
function flame(figure) {
	const data = figure.querySelector("script"), place = figure.querySelector(".view");
	if (!data || !place)
		return;
	const view = place;
	const profile = JSON.parse(data.textContent || "{}"), all = grow(profile), root = all[0];
	const compares = profile.before !== undefined;
	const kinds = figure.dataset.kinds === "1", shares = figure.dataset.shares === "1";
	let zoom = root, current = root, wanted = "";
	/** @type {Map<Frame, Element>} */
	const drawn = new Map();

	const title = figure.querySelector("h3");
	const tools = document.createElement("div"), search = document.createElement("input");
	const reset = document.createElement("button"), status = document.createElement("p");
	tools.className = "tools";
	search.type = "search";
	search.placeholder = "Search frames";
	search.setAttribute("aria-label", "Search frames, " + (title ? title.textContent : ""));
	reset.type = "button";
	reset.textContent = "Reset zoom";
	status.className = "status";
	status.setAttribute("role", "status");
	tools.append(search, reset);
	view.before(tools);
	view.after(status);
	view.setAttribute("tabindex", "0");
	view.setAttribute("role", "application");
	view.setAttribute("aria-label", "Flame graph " + (title ? title.textContent : "") + ": arrow keys move, Enter zooms, Escape resets, slash searches");

	/** @param {Frame} f */
	function inZoom(f) {
		return f.at + f.us > zoom.at && f.at < zoom.at + zoom.us;
	}

	/** @param {Frame} f */
	function matches(f) {
		return wanted !== "" && f.name.toLowerCase().includes(wanted);
	}

	function draw() {
		const shown = all.filter(f => inZoom(f) && f.us >= zoom.us * LEAST);
		const rows = shown.reduce((most, f) => Math.max(most, f.depth), 0) + 1;
		const top = svg("svg", { class: "flame", width: "100%", height: rows * ROW, "aria-hidden": "true" });
		drawn.clear();
		for (const f of shown) {
			const above = f.depth < zoom.depth;
			const x = above ? 0 : (f.at - zoom.at) / zoom.us, width = above ? 1 : f.us / zoom.us;
			const grown = compares ? change(f, root) : 0;
			const part = compares ? "d" + (grown < 0 ? "m" : "p") + Math.abs(grown) : !f.depth ? "p-sleep" : kinds ? "p-" + KINDS[f.kind] : "f" + shade(f.name);
			const e = svg("svg", { class: part + (above ? " dim" : "") + (matches(f) ? " hit" : "") + (f === current ? " cur" : ""), x: 100 * x + "%", y: f.depth * ROW, width: 100 * width + "%", height: ROW - 1 });
			e.append(svg("title", {}, about(f)), svg("rect", { width: "100%", height: "100%" }));
			if (width > 0.02 && grown)
				e.append(svg("text", { x: 4, y: 13 }, grown > 0 ? "+" : "\u2212"));
			if (width > 0.02)
				e.append(svg("text", { x: grown ? 15 : 4, y: 13 }, f.name));
			e.addEventListener("click", () => go(f, true));
			drawn.set(f, e);
			top.append(e);
		}
		view.replaceChildren(top);
	}

	/** @param {Frame} f */
	function about(f) {
		if (shares)
			return f.name + ", " + (f.us / 1e4).toPrecision(3) + " % of the slow requests' time, " + (f.before / 1e4).toPrecision(3) + " % of the others'";
		return f.name + ", " + (100 * f.us / root.us).toPrecision(3) + " %, " + seconds(f.us) +
			(compares ? ", before " + seconds(f.before) : "");
	}

	function tell() {
		let found = "";
		if (wanted) {
			let us = 0;
			for (const f of all) {
				let up = f.up;
				while (up && !matches(up))
					up = up.up;
				if (matches(f) && !up)
					us += f.us;
			}
			found = " Search: " + (100 * us / root.us).toPrecision(3) + " % of the time is in frames that match.";
		}
		status.textContent = about(current) + (current.up ? ", called by " + current.up.name : "") + "." + found;
	}

	/** @param {Frame} f @param {boolean} zoomIn */
	function go(f, zoomIn) {
		const before = drawn.get(current);
		if (before)
			before.classList.remove("cur");
		current = f;
		if (zoomIn || !drawn.has(f)) {
			zoom = zoomIn ? f : root;
			draw();
		}
		const now = drawn.get(f);
		if (now)
			now.classList.add("cur");
		tell();
	}

	/** @param {number} by */
	function sibling(by) {
		const row = all.filter(f => f.depth === current.depth && drawn.has(f));
		return row[row.indexOf(current) + by];
	}

	view.addEventListener("keydown", event => {
		const e = /** @type {KeyboardEvent} */ (event);
		/** @type {Object<string, () => void>} */
		const keys = {
			ArrowDown: () => current.down[0] && go(current.down[0], false),
			ArrowUp: () => current.up && go(current.up, false),
			ArrowRight: () => sibling(1) && go(sibling(1), false),
			ArrowLeft: () => sibling(-1) && go(sibling(-1), false),
			Home: () => go(root, false),
			Enter: () => go(current, true),
			Escape: () => go(root, true),
			"/": () => search.focus(),
		};
		if (!keys[e.key] || e.ctrlKey || e.metaKey || e.altKey)
			return;
		e.preventDefault();
		keys[e.key]();
	});
	reset.addEventListener("click", () => go(root, true));
	search.addEventListener("input", () => {
		wanted = search.value.trim().toLowerCase();
		draw();
		tell();
	});
	draw();
	tell();
}

/** @param {HTMLElement} pre */
function copyable(pre) {
	const button = document.createElement("button"), code = pre.textContent || "";
	button.type = "button";
	button.textContent = "Copy";
	button.addEventListener("click", () => navigator.clipboard.writeText(code).then(
		() => { button.textContent = "Copied"; },
		() => { button.textContent = "Copy failed"; }));
	pre.classList.add("copyable");
	pre.append(button);
}

document.querySelectorAll("figure.flames").forEach(e => flame(/** @type {HTMLElement} */ (e)));
if (navigator.clipboard)
	document.querySelectorAll("pre").forEach(copyable);
