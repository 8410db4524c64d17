// SPDX-License-Identifier: Apache-2.0
// page.js - what the page shows of its data: charts by uPlot, tables that can be sorted.
// May not know about: where data comes from. Texts of the data are put in as text, never as markup.
// To extend: a section is a function that returns an element, and a line in sections(); tables of
// any collector, and charts of what they count, come by themselves.
"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const MOST = 8; /* series of a chart; the others become one */
const COLORS = ["#2b7fc4", "#e08a00", "#14946b", "#d1495b", "#8a63c9", "#3aa6b9", "#b07d2b", "#d66fb0", "#8b93a1"];
/* The states of the table time, in the order in which they are stacked. */
const STATES = [
	["guest", "guest", "#2f9e60"], ["nested", "guest in guest", "#7cc98f"], ["kernel", "kernel", "#2b7fc4"],
	["vmm", "VMM", "#8a63c9"], ["poll_hit", "polling", "#e5b93c"], ["poll_wasted", "polling in vain", "#e08a00"],
	["preempted", "preempted", "#c92a3a"], ["woken", "woken, waiting", "#ee8390"], ["throttled", "CPU limit", "#7d1128"],
	["blocked", "blocked", "#9c6644"], ["halted", "halted", "#a9b3c1"], ["idle", "idle", "#c9d0da"],
	["stopped", "stopped", "#5f6773"]];
/* Where the time of exits goes, if nothing tells of all the time. */
const PARTS = [["kernel", "kernel", "#2b7fc4"], ["vmm", "VMM", "#8a63c9"], ["poll", "polling", "#e5b93c"],
	["waiting", "waiting for a CPU", "#c92a3a"], ["halted", "asleep", "#a9b3c1"]];

const time = data.time || [], span = data.span_ns || [];
const tables = data.tables || [];
let chosen = null; /* the VM's index; null: all */
let printing = false;
let charts = [];

/* ---- elements and figures ---- */

function el(name, attributes, ...children)
{
	const e = document.createElement(name);

	for (const [key, value] of Object.entries(attributes || {}))
		if (key.startsWith("on"))
			e.addEventListener(key.slice(2), value);
		else if (value !== false && value != null)
			e.setAttribute(key, value === true ? "" : value);
	e.append(...children.filter((c) => c != null));
	return e;
}

const digits = (x) => Math.abs(x) < 9.995 ? 2 : Math.abs(x) < 99.95 ? 1 : 0;

function formatNs(ns)
{
	if (Math.abs(ns) < 1000)
		return ns ? `${+ns.toFixed(ns < 10 ? 1 : 0)}ns` : "0";
	const [unit, word] = ns < 999.5e3 ? [1e3, "us"] : ns < 999.5e6 ? [1e6, "ms"] : ns < 9999.5e9 ? [1e9, "s"] : [3600e9, "h"];
	return (ns / unit).toFixed(digits(ns / unit)) + word;
}

function formatCount(n)
{
	let i = -1;

	if (Math.abs(n) < 1e5)
		return String(Number.isInteger(n) ? n : +n.toFixed(digits(n)));
	do {
		n /= 1e3;
		i++;
	} while (n >= 999.5);
	return n.toFixed(digits(n)) + "kMGTPE"[i];
}

function format(column, value)
{
	if (value == null)
		return "-";
	if (typeof value != "number")
		return String(value);
	if (column.unit == "ns")
		return formatNs(value);
	if (column.unit == "percent")
		return value.toFixed(1);
	return column.unit == "number" && column.role != "key" ? formatCount(value) : String(value);
}

const vmName = (index) => index == null ? "(others)" : (data.vms[index] || {}).vm || "(all)";
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const table = (name) => tables.find((t) => t.name == name);

/* The time of day where the page is read, to the ms if seconds are not exact enough; with its date in long runs. */
function clock(s, exact)
{
	const d = new Date(s * 1000), two = (n, size) => String(n).padStart(size || 2, "0");
	const day = time[time.length - 1] - time[0] > 86400 ? `${two(d.getMonth() + 1)}-${two(d.getDate())} ` : "";

	return `${day}${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}` +
		(exact || span.some((ns) => ns < 999e6) ? `.${two(d.getMilliseconds(), 3)}` : "");
}

const inChosen = (vm) => chosen == null || vm === chosen;

/* ---- series ---- */

const figureIndex = (t, name) => (t.figures || []).findIndex((f) => f.name.replace(/_ns$/, "") == name);

/* The sum of a figure of some series, per second, or as it is; null where none of them is known. */
function sum(series, figure, perSecond)
{
	return time.map((_, i) => {
		let known = false, n = 0;

		for (const s of series) {
			const v = s.figures[figure] ? s.figures[figure][i] : 0;

			known = known || v != null;
			n += v || 0;
		}
		return known ? (perSecond ? n / (span[i] / 1e9) : n) : null;
	});
}

const total = (values) => values.reduce((a, b) => a + (b || 0), 0);

/* Lines of a table's figure, by its word or by VM: those that have most, and the others' sum. */
function lines(t, figure, by)
{
	const groups = new Map();

	for (const s of t.series.filter((x) => inChosen(x.vm))) {
		const key = by == "vm" ? vmName(s.vm) : s.word || vmName(s.vm);

		groups.set(key, [...(groups.get(key) || []), s]);
	}
	const all = [...groups].map(([name, series]) => ({ name, values: sum(series, figure, true), series }))
		.map((l) => ({ ...l, total: total(l.values) })).filter((l) => l.total).sort((a, b) => b.total - a.total);
	const shown = all.slice(0, all.length > MOST + 1 ? MOST : MOST + 1), rest = all.slice(shown.length);

	if (rest.length)
		shown.push({ name: `${rest.length} others`, values: sum(rest.flatMap((l) => l.series), figure, true) });
	return shown.map((l, i) => ({ name: l.name, values: l.values, color: COLORS[i % COLORS.length] }));
}

/* ---- charts ---- */

/* Points of intervals: each value holds from its interval's begin to its end; gaps stay empty. */
function points(columns)
{
	const x = [], of = [];

	time.forEach((end, i) => {
		const begin = end - span[i] / 1e9, last = x[x.length - 1];

		if (i && begin - last > span[i] / 2e9) {
			x.push(last + (begin - last) / 1e6);
			of.push(-1);
		}
		if (!i || begin - last > span[i] / 2e9) {
			x.push(begin);
			of.push(i);
		}
		x.push(end);
		of.push(i);
	});
	return { x, of, y: columns.map((values) => of.map((i) => i < 0 ? null : values[i])) };
}

function axes(formatY, size)
{
	const look = { stroke: css("--soft"), grid: { stroke: css("--grid"), width: 1 }, ticks: { stroke: css("--grid"), width: 1 },
		font: "11px system-ui, sans-serif" };

	const times = (_, ticks, __, ___, step) => ticks.map((t) => clock(t, step < 1));

	return [{ ...look, values: times, space: 90, size: 32 }, { ...look, size: size || 58, values: (_, ticks) => ticks.map((v) => v == null ? "" : formatY(v)) }];
}

/* The point whose interval a place is in: each ends one. */
function pointAt(u, x)
{
	const ends = u.data[0], pixel = u.posToVal(1, "x") - u.posToVal(0, "x");
	const i = ends.findIndex((end) => end >= x - pixel);

	return i < 0 ? ends.length - 1 : i;
}

const pointed = (u) => u.cursor.left == null || u.cursor.left < 0 ? -1 : pointAt(u, u.posToVal(u.cursor.left, "x"));

/* Arrow keys move the cursor; what is there is told below the chart, and to screen readers. */
function keys(u, of, place)
{
	return (event) => {
		const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];

		if (step === undefined)
			return;
		event.preventDefault();
		const n = u.data[0].length - 1;
		let i = Math.min(n, Math.max(0, pointed(u) + step));

		while (i > 0 && i < n && of[i] < 0)
			i += Math.sign(step);
		u.setCursor({ left: u.valToPos(u.data[0][i], "x"), top: place ? place() : u.over.clientHeight / 2 });
	};
}

function legendTime(u, value)
{
	return value == null ? "--" : clock(value);
}

/* A figure: its caption, the chart, and the same as a table. */
function figure(caption, label, rows, build)
{
	const plot = el("div", { class: "plot", tabindex: "0", role: "img", "aria-label": label });
	const fig = el("figure", {}, el("figcaption", {}, ...caption), plot, alternative(rows));
	let u = null;
	const chart = {
		plot,
		draw() {
			if (u)
				u.destroy();
			plot.replaceChildren();
			u = build(plot, Math.max(200, plot.clientWidth || 600));
			plot.onkeydown = keys(u, u.of, u.place);
		},
		size() {
			if (u && plot.clientWidth && plot.clientWidth != u.width)
				u.setSize({ width: plot.clientWidth, height: u.height });
		},
	};

	charts.push(chart);
	seen.observe(plot);
	return fig;
}

/* Charts are drawn when they come into sight, and follow their width. */
const seen = new ResizeObserver((entries) => {
	for (const entry of entries) {
		const chart = charts.find((c) => c.plot == entry.target);

		if (!chart || !entry.contentRect.width)
			continue;
		if (!chart.drawn)
			chart.draw();
		else
			chart.size();
		chart.drawn = true;
	}
});

/* The figures of a chart as a table, made when it is asked for. */
function alternative(rows)
{
	const details = el("details", {}, el("summary", {}, "As a table"));

	details.addEventListener("toggle", () => {
		if (details.open && details.children.length == 1) {
			const { columns, cells } = rows();

			details.append(sortable(columns, cells, null, "The same values"));
		}
	});
	return details;
}

function valuesTable(series, column)
{
	return () => ({
		columns: [{ title: "TIME", unit: "time" }, ...series.map((s) => ({ ...column, title: s.name }))],
		cells: time.map((t, i) => [t, ...series.map((s) => s.values[i])]),
	});
}

/* Lines over time, or areas on top of each other that add up to 100 (percent) or to what they do. */
function overTime(caption, series, column, options)
{
	const show = (v) => v == null ? "--" : format(column, v) + (options.suffix || "");
	const { x, of, y } = points(series.map((s) => s.values));
	const stacked = options.stacked ? y.map((_, k) => x.map((_, i) => of[i] < 0 ? null :
		y.slice(0, k + 1).reduce((a, v) => a + (v[i] || 0), 0))) : y;
	const label = `Chart: ${options.label}. ${series.map((s) => s.name).join(", ")}. Arrow keys move the cursor; ` +
		"the same values are in the table below.";

	return figure(caption, label, valuesTable(series, column), (plot, width) => {
		const u = new uPlot({
			width, height: options.height || 220,
			cursor: { sync: { key: "time" }, points: { size: 6 }, y: false, dataIdx: (v, _, __, at) => pointAt(v, at) },
			scales: { y: { distr: options.log ? 4 : 1, asinh: 1,
				range: (_, low, high) => [0, options.most || (high > 0 ? high * 1.05 : 1)] } },
			axes: axes(show),
			series: [{ label: "Time", value: legendTime }, ...series.map((s, k) => ({
				label: s.name, stroke: s.color, width: options.stacked ? 0 : 1.5, points: { show: false },
				fill: options.stacked ? s.color : undefined,
				paths: uPlot.paths.stepped({ align: -1 }),
				value: (_, v, __, i) => show(i == null || of[i] < 0 ? null : y[k][i]),
			}))],
			bands: options.stacked ? series.slice(1).map((_, k) => ({ series: [k + 2, k + 1] })) : [],
		}, [x, ...stacked], plot);

		u.of = of;
		return u;
	});
}

/* How long they took, over time: powers of two upwards, the stronger the colour, the more. */
function heatStrip(caption, t, series, what)
{
	const first = t.figures.length, octaves = t.octaves;
	const counts = octaves.map((_, o) => sum(series, first + o, false));
	const used = counts.map((c, o) => total(c) ? o : -1).filter((o) => o >= 0);
	const low = used[0], high = used[used.length - 1] + 1;
	const most = Math.max(...counts.flat().map((v) => v || 0));
	const edge = (o) => o >= octaves.length ? "…" : o ? formatNs(octaves[o]) : "0";
	const { x, of } = points([]);
	const readout = el("p", { class: "readout", "aria-live": "polite" }, "Point at the chart, or use the arrow keys.");
	const rows = () => ({
		columns: [{ title: "TIME", unit: "time" }, ...used.map((o) => ({ title: `from ${edge(o)}`, unit: "number" }))],
		cells: time.map((s, i) => [s, ...used.map((o) => counts[o][i] || 0)]),
	});
	let at = used[used.length >> 1];

	function cells(u)
	{
		const ctx = u.ctx, color = css("--heat");

		ctx.save();
		time.forEach((end, i) => {
			const left = u.valToPos(end - span[i] / 1e9, "x", true), right = u.valToPos(end, "x", true);

			for (let o = low; o < high; o++) {
				const n = counts[o][i];

				if (!n)
					continue;
				ctx.fillStyle = `rgba(${color}, ${0.12 + 0.88 * Math.log1p(n) / Math.log1p(most)})`;
				const top = u.valToPos(o + 1, "y", true), bottom = u.valToPos(o, "y", true);
				ctx.fillRect(left, top, Math.max(1, right - left), bottom - top - 1);
			}
		});
		ctx.restore();
	}

	function tell(u)
	{
		const i = pointed(u) < 0 ? -1 : of[pointed(u)];

		if (i < 0 || u.cursor.top < 0)
			return;
		const o = Math.min(high - 1, Math.max(low, Math.floor(u.posToVal(u.cursor.top, "y"))));
		const n = counts[o][i] || 0, all = total(used.map((k) => counts[k][i]));

		at = o;
		readout.textContent = `${clock(time[i])}  ${edge(o)} to ${edge(o + 1)}: ${formatCount(n)} of ${formatCount(all)} ${what}` +
			(all ? ` (${(100 * n / all).toFixed(1)} %)` : "");
	}

	const fig = figure(caption, `Chart: how long ${what} took, over time. Arrow keys move the cursor; the same values are in the ` +
		"table below.", rows, (plot, width) => {
		const u = new uPlot({
			width, height: Math.min(340, 60 + 14 * (high - low)), legend: { show: false },
			cursor: { sync: { key: "time" }, points: { show: false } },
			scales: { y: { range: [low, high] } },
			axes: [axes(edge)[0], { ...axes(edge, 64)[1], incrs: [1, 2, 4], grid: { show: false } }],
			series: [{}, { paths: () => null, points: { show: false } }],
			hooks: { draw: [cells], setCursor: [tell] },
		}, [x, of.map(() => low)], plot);

		u.of = of;
		u.place = () => u.valToPos(at + 0.5, "y");
		plot.addEventListener("keydown", (event) => {
			const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];

			if (!step)
				return;
			event.preventDefault();
			at = Math.min(high - 1, Math.max(low, at + step));
			u.setCursor({ left: u.cursor.left < 0 ? 0 : u.cursor.left, top: u.place() });
		});
		return u;
	});
	fig.append(readout);
	return fig;
}

/* ---- tables ---- */

const isNumber = (column) => !["word", "hex"].includes(column.unit);

function compare(a, b, down)
{
	if (a == null || b == null)
		return (a == null) - (b == null); /* what is missing is last, always */
	const order = typeof a == "number" && typeof b == "number" ? a - b :
		String(a).localeCompare(String(b), undefined, { numeric: true });
	return down ? -order : order;
}

/* Rows of cells; a click on a header, or Enter on it, sorts. vms: whose each row is. */
function sortable(columns, cells, vms, caption)
{
	const body = el("tbody", {});
	const heads = columns.map((c, k) => el("th", { scope: "col", class: isNumber(c) && "n", title: c.help || null },
		el("button", { type: "button", onclick: () => sort(k) }, c.title)));
	const order = cells.map((_, i) => i);
	let by = -1, down = true;

	function fill()
	{
		body.replaceChildren(...order.filter((i) => !vms || inChosen(vms[i]) || data.vms[vms[i]] === undefined).map((i) =>
			el("tr", {}, ...columns.map((c, k) => el("td", { class: isNumber(c) && "n" },
				c.unit == "time" ? clock(cells[i][k]) : format(c, cells[i][k]))))));
	}

	function sort(k)
	{
		down = by == k ? !down : isNumber(columns[k]);
		by = k;
		order.sort((i, j) => compare(cells[i][k], cells[j][k], down) || i - j);
		heads.forEach((th, i) => i == k ? th.setAttribute("aria-sort", down ? "descending" : "ascending") :
			th.removeAttribute("aria-sort"));
		fill();
	}

	fill();
	return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
		el("table", { class: "rows" }, el("thead", {}, el("tr", {}, ...heads)), body));
}

function rowsOf(t)
{
	const place = el("div", {}), all = el("input", { type: "checkbox", onchange: fill });

	function fill()
	{
		const shown = t.columns.map((c, k) => k).filter((k) => all.checked || t.columns[k].table);

		place.replaceChildren(sortable(shown.map((k) => t.columns[k]), t.rows.map((r) => shown.map((k) => r[k])), t.row_vm,
			`Table: ${t.help}`));
	}

	fill();
	return el("div", {}, el("div", { class: "tools" }, el("label", {}, all, " all columns"),
		el("span", {}, `${t.rows.length} rows of the whole time` +
			(t.left_out ? `; ${t.left_out} more, further down in the order, are left out` : ""))), place);
}

/* A chart of what a table counts; what, and by what, can be chosen. */
function chartOf(t)
{
	const usable = t.figures.map((f, i) => [f, i]).filter(([, i]) => t.series.some((s) => s.figures[i]));

	if (!usable.length || !time.length)
		return null;
	const place = el("div", {});
	const first = ["count", "distinct", "guest_ns", t.sort].find((name) => t.figures.some((f) => f.name == name));
	const which = el("select", { onchange: fill, "aria-label": "Figure" }, ...usable.map(([f, i]) =>
		el("option", { value: i, selected: f.name == first }, `${f.title.toLowerCase()} per second`)));
	const by = el("select", { onchange: fill, "aria-label": "By" }, t.series.some((s) => s.word) &&
		el("option", { value: "word" }, `by ${t.word || "kind"}`), el("option", { value: "vm" }, "by VM"));

	const log = el("input", { type: "checkbox", onchange: fill });

	function fill()
	{
		const f = t.figures[which.value], series = lines(t, +which.value, by.value);

		charts = charts.filter((c) => !place.contains(c.plot));
		place.replaceChildren(series.length ? overTime([el("b", {}, `${f.title.toLowerCase()} per second`), f.help], series, f,
			{ log: log.checked, suffix: "/s", label: `${t.name}, ${f.title} per second` }) : el("p", { class: "note" }, "None seen."));
	}

	fill();
	return el("div", {}, el("div", { class: "tools" }, which, by, el("label", {}, log, " logarithmic")), place);
}

/* ---- sections ---- */

const state = (t) => t.unavailable ? `unavailable: ${t.unavailable}` :
	t.rows && t.rows.length ? `${t.rows.length + t.left_out} rows` : "none seen";

function overview()
{
	const a = data.about, vms = Object.values(data.vms);
	const facts = [["Host", `${a.host}, Linux ${a.kernel}, ${a.machine}, ${a.cpus} CPUs`],
		["Time", time.length ? `${data.from} to ${data.to}, ${time.length} intervals` : "no interval was read"],
		["Command", a.command], ["Note", a.note], ["Tool", `kvm_watcher ${a.version}`]];
	const columns = ["VM", "VMM", "PID", "UUID"].map((title) => ({ title, unit: title == "PID" ? "plain" : "word" }));

	return el("section", { id: "overview" }, el("h2", {}, "Who was watched"),
		el("dl", {}, ...facts.filter(([, text]) => text).flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)])),
		sortable(columns, vms.map((v) => [v.vm, v.vmm, v.pid, v.uuid || null]), null, "VMs"),
		el("details", {}, el("summary", {}, "What was collected"),
			sortable([{ title: "TABLE", unit: "word" }, { title: "WHAT", unit: "word" }, { title: "STATE", unit: "word" }],
				tables.map((t) => [t.name, t.help, state(t)]), null, "State of the collectors")));
}

/* VMs of a table's series, those first that have most of a figure. */
function vmsBy(t, figure)
{
	const most = new Map();

	for (const s of t.series.filter((x) => inChosen(x.vm)))
		most.set(s.vm, (most.get(s.vm) || 0) + total(s.figures[figure] || []));
	return [...most].sort((a, b) => b[1] - a[1]).map(([vm]) => vm);
}

const CARDS = 12;

function cards(t, by, card)
{
	const vms = vmsBy(t, by), more = vms.length - CARDS;

	return [el("div", { class: "cards" }, ...vms.slice(0, CARDS).map(card)),
		more > 0 ? el("p", { class: "note" }, `${more} more VMs: choose one above.`) : null];
}

function budget()
{
	const t = table("time"), wall = t && t.series ? figureIndex(t, "wall") : -1;

	if (wall < 0 || !t.series.length)
		return exitTime();
	const card = (vm) => {
		const series = t.series.filter((s) => s.vm === vm), walls = sum(series, wall, false);
		const states = STATES.map(([name, title, color]) => ({ name: title, color, figure: figureIndex(t, name) }))
			.filter((s) => s.figure >= 0)
			.map((s) => ({ ...s, values: sum(series, s.figure, false).map((v, i) => v == null || !walls[i] ? null : 100 * v / walls[i]) }))
			.filter((s) => total(s.values));

		return overTime([el("b", {}, vmName(vm)), "share of its vCPUs' wall time"], states, { unit: "percent" },
			{ stacked: true, most: 100, suffix: " %", label: `where the time of ${vmName(vm)} goes` });
	};

	return el("section", { id: "budget" }, el("h2", {}, "Where the time goes"), el("p", { class: "help" },
		"The wall time of all vCPUs of a VM, split into states that add up to 100 %."), ...cards(t, figureIndex(t, "guest"), card));
}

/* Without the collector time: where the time of exits goes. */
function exitTime()
{
	const t = table("exits");

	if (!t || !(t.series || []).length || figureIndex(t, "kernel") < 0)
		return null;
	const card = (vm) => {
		const parts = PARTS.map(([name, title, color]) => ({ name: title, color, figure: figureIndex(t, name) }))
			.filter((p) => p.figure >= 0)
			.map((p) => ({ ...p, values: sum(t.series.filter((s) => s.vm === vm), p.figure, true) })).filter((p) => total(p.values));

		return parts.length ? overTime([el("b", {}, vmName(vm)), "time in exits per second, all vCPUs together"], parts, { unit: "ns" },
			{ stacked: true, suffix: "/s", label: `where the time of exits of ${vmName(vm)} goes` }) : null;
	};

	return el("section", { id: "budget" }, el("h2", {}, "Where the time of exits goes"), el("p", { class: "help" },
		"From an exit to the next entry; the collector time, which tells of all the time, was not watched."),
		...cards(t, figureIndex(t, "total"), (vm) => card(vm) || el("p", { class: "note" }, `${vmName(vm)}: no times.`)));
}

/* How long it took, for each word of the table with most, or all of them. */
function heatOf(t)
{
	const series = (t.series || []).filter((s) => inChosen(s.vm));
	const usable = series.filter((s) => s.figures.slice((t.figures || []).length).some((f) => f));

	if (!usable.length)
		return null;
	const place = el("div", {}), words = [...new Set(usable.map((s) => s.word))].filter((w) => w);
	const which = el("select", { onchange: fill, "aria-label": "Which" }, el("option", { value: "" }, `all of ${t.name}`),
		...words.map((w) => el("option", { value: w }, w)));

	function fill()
	{
		const of = which.value ? usable.filter((s) => s.word == which.value) : usable;

		charts = charts.filter((c) => !place.contains(c.plot));
		place.replaceChildren(heatStrip([el("b", {}, "how long they took"), "the stronger the colour, the more of them"], t, of, which.value || t.name));
	}

	fill();
	return el("div", {}, el("div", { class: "tools" }, which), place);
}

function contents(t)
{
	if (t.unavailable)
		return [el("p", { class: "bad" }, `Unavailable: ${t.unavailable}`)];
	if (!t.rows || !t.rows.length)
		return [el("p", { class: "note" }, "None seen.")];
	return [t.series ? chartOf(t) : null, t.series ? heatOf(t) : null, rowsOf(t)];
}

/* A collector's further tables are filled when they are opened. */
function folded(t)
{
	const details = el("details", { id: `table-${t.name}` }, el("summary", {}, el("h3", {}, t.name), ` ${t.help} (${state(t)})`));

	details.addEventListener("toggle", () => {
		if (details.open && details.children.length == 1)
			details.append(...contents(t).filter((c) => c));
	});
	return details;
}

function collector(name, own)
{
	return el("section", { id: `table-${name}`, class: "long" }, el("h2", {}, name), el("p", { class: "help" }, own[0].help),
		...contents(own[0]).filter((c) => c), ...own.slice(1).map(folded));
}

function losses()
{
	const columns = [{ title: "TIME", unit: "time" }, { title: "WHAT", unit: "word" }, { title: "COUNT", unit: "number" },
		{ title: "WHAT IT MEANS", unit: "word" }];

	return el("section", { id: "losses" }, el("h2", {}, "Losses"), data.losses.length ?
		sortable(columns, data.losses.map((l) => [l.time, l.what, l.count, l.help]), null, "What was lost") :
		el("p", {}, "Nothing was lost."));
}

function sections()
{
	const names = [...new Set(tables.map((t) => t.name.split("-")[0]))];

	return [overview(), budget(), ...names.map((name) => collector(name, tables.filter((t) => t.name.split("-")[0] == name))),
		losses()].filter((s) => s);
}

function show()
{
	const main = document.getElementById("main");

	charts = [];
	seen.disconnect();
	const all = sections();
	main.replaceChildren(...all, el("footer", {}, "Charts: drag to zoom, double-click to see all again."));
	document.getElementById("nav").replaceChildren(...all.map((s) =>
		el("a", { href: `#${s.id}` }, s.querySelector("h2").textContent)));
}

/* ---- theme, print ---- */

const themes = ["auto", "light", "dark"];
const redraw = () => charts.filter((c) => c.drawn).forEach((c) => c.draw());

function setTheme(theme)
{
	if (theme == "auto")
		delete document.documentElement.dataset.theme;
	else
		document.documentElement.dataset.theme = theme;
	redraw();
}

const button = document.getElementById("theme");
let theme = "auto";

button.addEventListener("click", () => {
	theme = themes[(themes.indexOf(theme) + 1) % themes.length];
	button.textContent = `Theme: ${theme}`;
	setTheme(theme);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("beforeprint", () => {
	if (!printing)
		setTheme("light");
	printing = true;
});
addEventListener("afterprint", () => {
	printing = false;
	setTheme(theme);
});

/* ---- all of it ---- */

const select = document.getElementById("vm");

select.append(el("option", { value: "" }, "all"), ...Object.entries(data.vms).map(([index, v]) =>
	el("option", { value: index }, `${v.vm} (${v.pid})`)));
select.addEventListener("change", () => {
	chosen = select.value == "" ? null : +select.value;
	show();
});
document.getElementById("where").textContent = `${data.about.host}  ${data.from || ""}`;
document.title = `kvm_watcher: ${data.about.host} ${data.from || ""}`;
show();
})();
