// SPDX-License-Identifier: MIT
// Holds report pages to their promises in a real browser. Prints TAP.
//
// usage: PRONY_PAGE_MODULES=DIR/node_modules node check.mjs [--lighthouse NAME] PAGE.html...
// Every page is opened light, dark, narrow, without a script and on paper; the page called NAME is
// given to Lighthouse too, from a server on the loopback.
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const modules = process.env.PRONY_PAGE_MODULES;
const CHROMIUM = process.env.PRONY_CHROMIUM || "/usr/bin/chromium";
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync",
	"--disable-dev-shm-usage"];
const KIB = 1024;

let count = 0, failed = 0;

function check(name, problems) {
	const list = [].concat(problems || []).filter(Boolean);
	count++;
	failed += list.length > 0;
	console.log(`${list.length ? "not ok" : "ok"} ${count} - ${name}`);
	for (const problem of list.slice(0, 8))
		console.log(`# ${String(problem).replace(/\s+/g, " ").slice(0, 400)}`);
}

function skipAll(why) {
	console.log(`1..0 # SKIP ${why}`);
	process.exit(0);
}

// ---- one page, one way of looking at it ----

async function open(browser, file, options) {
	const context = await browser.newContext({ reducedMotion: "reduce", ...options });
	const page = await context.newPage();
	const seen = { errors: [], requests: [] };
	page.on("console", m => { if (m.type() === "error" || m.type() === "warning") seen.errors.push(m.text()); });
	page.on("pageerror", e => seen.errors.push(e.message));
	page.on("dialog", d => { seen.errors.push("a dialog opened: " + d.message()); d.dismiss(); });
	page.on("request", r => seen.requests.push(r.url()));
	const url = pathToFileURL(file).href;
	await page.goto(url);
	seen.requests = seen.requests.filter(r => r !== url && !r.startsWith("data:"));
	return { page, context, seen };
}

async function axe(page, source) {
	await page.evaluate(source);
	const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
	return result.violations.map(v => `${v.id}: ${v.nodes.length} nodes, ${v.nodes[0].html} ${v.nodes[0].failureSummary}`);
}

async function inColours(browser, file, name, axeSource) {
	for (const colorScheme of ["light", "dark"]) {
		const { page, context, seen } = await open(browser, file, { viewport: { width: 1280, height: 900 }, colorScheme });
		check(`${name}: no violation of axe, ${colorScheme}`, await axe(page, axeSource));
		check(`${name}: no console error, ${colorScheme}`, seen.errors);
		check(`${name}: no request but the file, ${colorScheme}`, seen.requests);
		check(`${name}: no inline style or handler, nothing loaded, ${colorScheme}`, await page.evaluate(() =>
			[...document.querySelectorAll("*")].filter(e => e.matches("img, iframe, object, embed, link:not([rel=icon])")
				|| [...e.attributes].some(a => a.name === "style" || a.name.startsWith("on"))).map(e => e.outerHTML)));
		await context.close();
	}
}

async function narrow(browser, file, name) {
	const { page, context } = await open(browser, file, { viewport: { width: 320, height: 800 } });
	const [scroll, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
	check(`${name}: no sideways scrolling at 320 px`, scroll > inner && `${scroll} px wide`);
	const small = await page.evaluate(() => [...document.querySelectorAll("a, button, input")]
		.filter(e => e.offsetParent && e.getBoundingClientRect().height < 24).map(e => e.outerHTML));
	check(`${name}: everything to press is 24 px high`, small);
	await context.close();
}

async function withoutScript(browser, file, name) {
	const { page, context } = await open(browser, file, { viewport: { width: 1280, height: 900 }, javaScriptEnabled: false });
	const problems = [];
	for (const selector of ["h1", ".verdict", "section > h2"])
		for (const e of await page.locator(selector).all())
			if (!await e.isVisible() || !(await e.innerText()).trim())
				problems.push(`${selector} is not to be seen`);
	if (await page.locator("section > h2").count() < 6)
		problems.push("fewer than six sections");
	for (const e of await page.locator("svg.flame").all())
		if (!await e.isVisible())
			problems.push("a flame graph is not to be seen");
	check(`${name}: verdict and every section without JavaScript`, problems);
	await context.close();
}

async function keyboard(browser, file, name) {
	const { page, context, seen } = await open(browser, file, { viewport: { width: 1280, height: 900 } });
	const view = page.locator(".flames .view").first();
	if (await view.count() === 0) {
		await context.close();
		return;
	}
	const status = page.locator(".flames .status").first();
	const problems = [];
	const press = async (key, changed) => {
		const before = await status.innerText();
		await page.keyboard.press(key);
		if (((await status.innerText()) !== before) !== changed)
			problems.push(`${key} ${changed ? "did nothing" : "moved"}: ${before}`);
	};
	await view.focus();
	if (!await view.evaluate(e => getComputedStyle(e).outlineStyle !== "none"))
		problems.push("focus is not to be seen");
	await press("ArrowDown", true);
	await press("ArrowUp", true);
	await press("ArrowUp", false);
	await press("ArrowDown", true);
	await press("Enter", false);
	await press("Escape", true);
	await page.keyboard.press("/");
	if (!await page.evaluate(() => document.activeElement.matches("input[type=search]")))
		problems.push("slash does not go to the search");
	const frame = (await page.locator(".flames").first().locator(".flame text").last().textContent()) || "";
	await page.keyboard.type(frame.slice(0, 4));
	if (await page.locator(".flames .hit").count() === 0)
		problems.push(`search for '${frame.slice(0, 4)}' finds nothing`);
	check(`${name}: the flame graph by keyboard`, [...problems, ...seen.errors]);
	await context.close();
}

async function onPaper(browser, file, name) {
	const { page, context } = await open(browser, file, { viewport: { width: 1280, height: 900 } });
	await page.emulateMedia({ media: "print" });
	const shown = await page.evaluate(() => ["nav", ".skip", ".tools", ".status", "pre button"].filter(s =>
		[...document.querySelectorAll(s)].some(e => getComputedStyle(e).display !== "none")));
	check(`${name}: nothing to press on paper`, shown);
	const pdf = await page.pdf({ format: "A4", margin: { top: "12mm", bottom: "12mm", left: "12mm", right: "12mm" } });
	const pages = (pdf.toString("latin1").match(/\/Type\s*\/Page\b/g) || []).length;
	check(`${name}: at most 12 sheets of paper`, (pages < 1 || pages > 12) && `${pages} pages`);
	await context.close();
}

// ---- the file itself ----

function bytes(file, name, typical) {
	const text = readFileSync(file, "utf8");
	const script = (text.match(/<script>([\s\S]*?)<\/script>/) || [])[1] || "";
	const shell = text.replace(/<figure class="flames"[\s\S]*?<\/figure>/g, "");
	const size = Buffer.byteLength(text), gz = gzipSync(script, { level: 9 }).length;
	const most = typical ? 250 : 1024;
	check(`${name}: at most ${most} KiB (${(size / KIB).toFixed(0)} KiB)`, size > most * KIB && `${size} bytes`);
	check(`${name}: script at most 12 KiB compressed (${(gz / KIB).toFixed(1)} KiB)`, (gz > 12 * KIB || !script) && `${gz} bytes`);
	if (typical)
		check(`${name}: at most 80 KiB without the profile (${(Buffer.byteLength(shell) / KIB).toFixed(0)} KiB)`,
			Buffer.byteLength(shell) > 80 * KIB && `${Buffer.byteLength(shell)} bytes`);
	const policy = (text.match(/<meta http-equiv="Content-Security-Policy" content="([^"]*)">/) || [])[1] || "";
	check(`${name}: strict security policy`, [
		!/^default-src 'none'; style-src 'sha256-[\w+/]+='; script-src 'sha256-[\w+/]+='; img-src data:/.test(policy) && `policy is '${policy}'`,
		/unsafe/.test(policy) && "policy has an unsafe part",
	]);
}

// ---- Lighthouse ----

function serve(file) {
	const text = readFileSync(file);
	const server = createServer((request, response) => {
		response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
		response.end(text);
	});
	return new Promise(done => server.listen(0, "127.0.0.1", () => done(server)));
}

const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

async function lighthouse(require, chromium, file, name) {
	const { default: run } = await import(pathToFileURL(require.resolve("lighthouse")).href);
	const server = await serve(file);
	const folder = mkdtempSync(join(tmpdir(), "prony-page-"));
	const port = 20000 + Math.floor(Math.random() * 20000);
	const browser = await chromium.launchPersistentContext(folder, { executablePath: CHROMIUM,
		args: [...FLAGS, `--remote-debugging-port=${port}`] });
	const scores = { performance: [], accessibility: [], "best-practices": [] };
	const low = new Set();
	try {
		for (let i = 0; i < 3; i++) {
			const { lhr } = await run(`http://127.0.0.1:${server.address().port}/`, { port, output: "json",
				logLevel: "silent", onlyCategories: Object.keys(scores) });
			for (const category in scores) {
				scores[category].push(Math.round(100 * (lhr.categories[category].score || 0)));
				for (const { id, weight } of lhr.categories[category].auditRefs)
					if (weight && lhr.audits[id].score !== null && lhr.audits[id].score < 0.9)
						low.add(`${id} ${lhr.audits[id].displayValue || lhr.audits[id].title}`);
			}
		}
	} finally {
		await browser.close();
		server.close();
		rmSync(folder, { recursive: true, force: true });
	}
	const least = { performance: 95, accessibility: 100, "best-practices": 100 };
	for (const category in scores)
		check(`${name}: Lighthouse ${category} at least ${least[category]} (${scores[category].join(" ")})`,
			median(scores[category]) < least[category] && [...low]);
}

// ---- all ----

async function main() {
	const args = process.argv.slice(2);
	const wanted = args[0] === "--lighthouse" ? args.splice(0, 2)[1] : null;
	if (!modules)
		skipAll("PRONY_PAGE_MODULES is not set: make deps-test installs what is needed");
	const require = createRequire(resolve(modules, "x.js"));
	const { chromium } = require("playwright-core");
	const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
	const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
	try {
		for (const arg of args) {
			const file = resolve(arg), name = basename(arg, ".html"), huge = name === "huge";
			bytes(file, name, !huge);
			await inColours(browser, file, name, axeSource);
			await narrow(browser, file, name);
			await withoutScript(browser, file, name);
			await keyboard(browser, file, name);
			if (!huge)
				await onPaper(browser, file, name);
		}
	} finally {
		await browser.close();
	}
	for (const arg of args)
		if (basename(arg, ".html") === wanted)
			await lighthouse(require, chromium, resolve(arg), wanted);
	console.log(`1..${count}`);
	process.exit(failed ? 1 : 0);
}

main().catch(e => {
	console.log(`not ok ${count + 1} - ${String(e.stack || e).replace(/\n/g, "\n# ")}`);
	console.log(`1..${count + 1}`);
	process.exit(1);
});
