// Draws the timeline from the tables of the page. Every text is inserted as text, never as markup. Needs d3/d3.min.js.
"use strict";
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  root.dataset.scripted = "";

  // ---- dark and light -----------------------------------------------------------------------------------------------

  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);
  const nameTheme = () => { byId("theme").textContent = isDark() ? "Light" : "Dark"; };
  const stored = {
    get theme() { try { return localStorage.getItem("kata-theme"); } catch { return null; } },
    set theme(value) { try { localStorage.setItem("kata-theme", value); } catch { /* no storage: the choice lasts as long as the page */ } },
  };
  if (stored.theme === "dark" || stored.theme === "light") root.dataset.theme = stored.theme;
  nameTheme();
  systemDark.addEventListener("change", nameTheme);
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = stored.theme = isDark() ? "light" : "dark";
    nameTheme();
  });

  // ---- evidence -----------------------------------------------------------------------------------------------------

  // Without this script the link downloads the gzip file; with it, the JSON inside.
  const download = byId("download");
  download?.addEventListener("click", async (event) => {
    if (!globalThis.DecompressionStream) return;
    event.preventDefault();
    const packed = Uint8Array.from(atob(download.href.split(",")[1]), (letter) => letter.charCodeAt(0));
    const plain = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).blob();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(plain);
    link.download = download.dataset.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  });

  // ---- printing -----------------------------------------------------------------------------------------------------

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll(".check > details:not([open])")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of opened) details.open = false; });

  // ---- timeline: reading the tables -----------------------------------------------------------------------------------

  const chooser = byId("attempt");
  const compare = byId("compare");
  const chart = byId("chart");
  if (!chooser.options.length) {
    for (const part of document.querySelectorAll("#timeline .script-only")) part.hidden = true;
    return;
  }
  if (chooser.selectedIndex < 0) chooser.selectedIndex = 0;

  const readEvent = (lane) => (row) => ({
    lane,
    from: Number(row.dataset.from),
    to: Number(row.dataset.to),
    split: "split" in row.dataset ? Number(row.dataset.split) : null,
    track: Number(row.dataset.track),
    isOpen: "open" in row.dataset,
    tone: row.className,
    what: lane.id === "stalls" || lane.id === "server" ? `${lane.name}${lane.id === "server" ? ` ${row.cells[0].textContent}` : ""}` : row.cells[0].textContent,
    where: row.querySelector(".where")?.textContent ?? "",
    source: row.querySelector("code")?.textContent ?? "",
    took: row.cells[3].textContent,
    times: `${row.cells[1].textContent} to ${row.cells[2].textContent}`,
    outcome: row.cells[4].textContent,
  });

  const readLane = (body) => {
    const lane = { id: body.dataset.lane, name: body.dataset.name, tracks: Number(body.dataset.tracks), total: Number(body.dataset.total) };
    lane.events = [...body.querySelectorAll("tr[data-from]")].map(readEvent(lane));
    return lane;
  };

  const readPanel = (section, title) => ({
    title,
    begins: Number(section.dataset.begins),
    ends: Number(section.dataset.ends),
    // The start of a server that was ready long before the first request is left of the axis.
    lanes: [...section.querySelectorAll("tbody[data-lane]")].map(readLane)
      .filter((lane) => lane.events.some((event) => event.to >= Number(section.dataset.begins))),
    limits: [...section.querySelectorAll("tr[data-limit]")].map((row) => ({ at: Number(row.dataset.limit), took: row.cells[3].textContent })),
  });

  // ---- timeline: layout -----------------------------------------------------------------------------------------------

  const AXIS = 26, HEAD = 22, PANEL = 26, GAP = 8, SIDE = 16, LETTER = 6.7;
  const LANE_HEIGHT = 260, THINNEST = 3, THICKEST = 18;
  const MOST_ZOOM = 2000;

  const place = (panels) => {
    let y = AXIS;
    for (const panel of panels) {
      if (panels.length > 1) { panel.y = y; y += PANEL; }
      for (const lane of panel.lanes) {
        const thickness = Math.max(THINNEST, Math.min(THICKEST, LANE_HEIGHT / lane.tracks));
        lane.y = y;
        lane.step = thickness + (thickness > 6 ? 3 : 1);
        y += HEAD;
        for (const event of lane.events) { event.y = y + event.track * lane.step; event.height = thickness; }
        y += lane.tracks * lane.step + GAP;
        lane.bottom = y - GAP;
      }
    }
    return y;
  };

  const svg = d3.select(chart).append("svg").attr("aria-hidden", "true");
  svg.append("clipPath").attr("id", "plot").append("rect");
  const axis = svg.append("g").attr("class", "axis");
  const lanes = svg.append("g");
  const bars = svg.append("g").attr("clip-path", "url(#plot)");
  const limits = svg.append("g").attr("clip-path", "url(#plot)");
  const cross = svg.append("line").attr("class", "cross").attr("y1", AXIS).attr("visibility", "hidden");
  const tip = d3.select(chart).append("div").attr("class", "tip").attr("hidden", "");

  const state = { panels: [], events: [], chosen: null, width: 0, height: 0, transform: d3.zoomIdentity };
  const scale = () => {
    const begins = Math.min(...state.panels.map((panel) => panel.begins));
    const ends = Math.max(...state.panels.map((panel) => panel.ends));
    return state.transform.rescaleX(d3.scaleLinear([begins, ends], [SIDE, state.width - SIDE]));
  };

  // ---- timeline: drawing ----------------------------------------------------------------------------------------------

  const drawFrame = () => {
    state.width = Math.max(280, chart.clientWidth);
    state.height = place(state.panels);
    svg.attr("viewBox", `0 0 ${state.width} ${state.height}`);
    svg.select("clipPath rect").attr("x", SIDE).attr("y", 0).attr("width", state.width - 2 * SIDE).attr("height", state.height);
    cross.attr("y2", state.height);
    const all = state.panels.flatMap((panel) => panel.lanes);
    lanes.selectAll(".panel-name").data(state.panels.filter((panel) => panel.title)).join("text").attr("class", "panel-name")
      .attr("x", SIDE).attr("y", (panel) => panel.y + 17).text((panel) => panel.title);
    lanes.selectAll(".lane-rule").data(all).join("line").attr("class", "lane-rule")
      .attr("x1", SIDE).attr("x2", state.width - SIDE).attr("y1", (lane) => lane.y + 1).attr("y2", (lane) => lane.y + 1);
    lanes.selectAll(".lane-name").data(all).join("text").attr("class", "lane-name").attr("x", SIDE).attr("y", (lane) => lane.y + 16)
      .text((lane) => `${lane.name} · ${lane.total}${lane.total > lane.events.length ? ` (${lane.events.length} shown)` : ""}`);
    const groups = bars.selectAll(".bar").data(state.events).join((enter) => {
      const group = enter.append("g");
      for (const part of ["whole", "answer", "cap"]) group.append("rect").attr("class", part);
      group.append("text");
      return group;
    });
    groups.attr("class", (event) => `bar ${event.lane.id} ${event.tone}`);
    groups.select(".whole").attr("rx", (event) => Math.min(3, event.height / 3));
    for (const part of [".whole", ".answer", ".cap"]) {
      groups.select(part).attr("y", (event) => event.y).attr("height", (event) => event.height);
    }
    groups.select("text").attr("y", (event) => event.y + event.height / 2 + 0.5);
    drawTimes();
  };

  const label = (event, width) => {
    const text = event.source ? `${event.where.split(" in ")[0]}  ${event.source}` : event.what;
    const room = Math.floor((width - 10) / LETTER);
    if (event.height < 11 || room < 5 || event.lane.id === "connections") return "";
    return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
  };

  const drawTimes = () => {
    const x = scale();
    const [first, last] = x.domain();
    const inMs = last - first < 1;
    const shown = inMs ? d3.scaleLinear([first * 1000, last * 1000], x.range()) : x;
    const count = Math.max(2, state.width / 110);
    const words = shown.tickFormat(count);
    axis.attr("transform", `translate(0,${AXIS})`)
      .call(d3.axisTop(shown).ticks(count).tickSizeOuter(0).tickSizeInner(AXIS - state.height).tickPadding(8).tickFormat((value) => `${words(value)} ${inMs ? "ms" : "s"}`));
    // Clamped to the chart: at the highest zoom, positions would exceed what a browser can draw.
    const left = (event) => Math.min(state.width, Math.max(SIDE - 4, x(event.from)));
    const right = (event) => Math.min(state.width + 2, Math.max(left(event) + 2, x(event.to)));
    const groups = bars.selectAll(".bar").attr("visibility", (event) => (x(event.to) < SIDE - 4 || x(event.from) > state.width - SIDE ? "hidden" : null));
    groups.select(".whole").attr("x", left).attr("width", (event) => right(event) - left(event));
    groups.select(".answer").attr("x", (event) => Math.min(right(event), Math.max(left(event), x(event.split ?? event.to))))
      .attr("width", (event) => (event.split === null ? 0 : Math.max(0, right(event) - Math.max(left(event), x(event.split)))));
    groups.select(".cap").attr("x", (event) => Math.max(left(event), right(event) - 3))
      .attr("width", (event) => (event.isOpen ? 0 : Math.min(3, right(event) - left(event))));
    groups.select("text").attr("x", (event) => Math.max(SIDE, left(event)) + 5).text((event) => label(event, right(event) - Math.max(SIDE, left(event))));
    const marks = state.panels.flatMap((panel) => panel.limits.map((limit) => ({ ...limit, lane: panel.lanes.find((lane) => lane.id === "requests") })))
      .filter((limit) => limit.lane).sort((a, b) => a.lane.y - b.lane.y || a.at - b.at);
    const groupsOfLimits = limits.selectAll(".limit").data(marks).join((enter) => {
      const group = enter.append("g").attr("class", "limit");
      group.append("line");
      group.append("text");
      return group;
    });
    groupsOfLimits.select("line").attr("x1", (limit) => x(limit.at)).attr("x2", (limit) => x(limit.at))
      .attr("y1", (limit) => limit.lane.y + 4).attr("y2", (limit) => limit.lane.bottom);
    const isLeft = (limit) => x(limit.at) > 240;
    groupsOfLimits.select("text").attr("x", (limit) => x(limit.at) + (isLeft(limit) ? -6 : 6)).attr("y", (limit) => limit.lane.y + 16)
      .attr("text-anchor", (limit) => (isLeft(limit) ? "end" : "start"))
      .text((limit, i) => (i > 0 && Math.abs(x(limit.at) - x(marks[i - 1].at)) < 90 && limit.lane === marks[i - 1].lane ? "" : `limit ${limit.took}`));
    if (state.chosen) showTip(state.chosen, (left(state.chosen) + right(state.chosen)) / 2);
  };

  // ---- timeline: details of a bar -------------------------------------------------------------------------------------

  const descriptionOf = (event) => [event.what, `${event.took}, ${event.times}`, event.outcome, event.where].filter(Boolean);

  const showTip = (event, atX) => {
    tip.attr("hidden", null).selectAll("*").remove();
    descriptionOf(event).forEach((text, i) => tip.append(i ? "span" : "b").text(text));
    if (event.source) tip.append("code").text(event.source);
    const box = tip.node().getBoundingClientRect();
    const factor = chart.clientWidth / state.width;
    const below = event.y + event.height + 18;
    tip.style("left", `${Math.max(4, Math.min(chart.clientWidth - box.width - 4, atX * factor - box.width / 2))}px`)
      .style("top", `${below + box.height > state.height && event.y - box.height > 0 ? event.y - box.height : below}px`);
    bars.selectAll(".bar").classed("chosen", (other) => other === event);
  };

  const hideTip = () => {
    tip.attr("hidden", "");
    bars.selectAll(".bar").classed("chosen", false);
  };

  const eventAt = (pointX, pointY) => {
    const x = scale();
    const near = state.events.filter((event) => pointY >= event.y - 1 && pointY <= event.y + event.height + 1);
    const distance = (event) => Math.max(x(event.from) - pointX, pointX - Math.max(x(event.to), x(event.from) + 2), 0);
    return near.map((event) => [distance(event), event]).filter(([far]) => far <= 5).sort(([a], [b]) => a - b)[0]?.[1] ?? null;
  };

  svg.on("pointermove", (event) => {
    const [pointX, pointY] = d3.pointer(event, svg.node());
    cross.attr("visibility", null).attr("x1", pointX).attr("x2", pointX);
    state.chosen = null;
    const found = eventAt(pointX, pointY);
    if (found) showTip(found, pointX); else hideTip();
  });
  svg.on("pointerleave", () => { cross.attr("visibility", "hidden"); if (!state.chosen) hideTip(); });

  // ---- timeline: moving and zooming -----------------------------------------------------------------------------------

  // The wheel scrolls the page, unless Ctrl is held or the chart has the focus.
  const wanted = (event) => (event.type === "wheel" ? event.ctrlKey || event.metaKey || document.activeElement === chart : !event.button);
  const zoom = d3.zoom().scaleExtent([1, MOST_ZOOM]).filter(wanted).on("zoom", (event) => {
    state.transform = event.transform;
    if (event.sourceEvent) { state.chosen = null; hideTip(); }
    drawTimes();
  });
  svg.call(zoom);

  const step = (direction) => {
    const ordered = state.events;
    const at = ordered.indexOf(state.chosen);
    state.chosen = ordered[at < 0 ? (direction > 0 ? 0 : ordered.length - 1) : Math.max(0, Math.min(ordered.length - 1, at + direction))];
    if (!state.chosen) return;
    const x = scale();
    if (x(state.chosen.from) < SIDE || x(state.chosen.from) > state.width - SIDE) {
      svg.call(zoom.translateBy, (state.width / 2 - x(state.chosen.from)) / state.transform.k, 0);
    }
    drawTimes();
    byId("event").textContent = [state.chosen.lane.name, ...descriptionOf(state.chosen), state.chosen.source].join(". ");
  };

  const move = (share) => svg.call(zoom.translateBy, (share * state.width) / state.transform.k, 0);
  const grow = (factor) => svg.call(zoom.scaleBy, factor);
  const showAll = () => svg.call(zoom.transform, d3.zoomIdentity);
  const deselect = () => { state.chosen = null; hideTip(); };
  const keys = {
    ArrowLeft: () => move(0.15), ArrowRight: () => move(-0.15), ArrowDown: () => step(1), ArrowUp: () => step(-1),
    "+": () => grow(1.5), "=": () => grow(1.5), "-": () => grow(1 / 1.5), "0": showAll, Home: showAll, Escape: deselect,
  };
  chart.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
  byId("zoom-in").addEventListener("click", () => grow(1.5));
  byId("zoom-out").addEventListener("click", () => grow(1 / 1.5));
  byId("zoom-all").addEventListener("click", showAll);

  // ---- timeline: choosing an attempt ----------------------------------------------------------------------------------

  const show = () => {
    const option = chooser.selectedOptions[0];
    const before = option.dataset.before ? byId(option.dataset.before) : null;
    const compared = Boolean(compare?.checked && before);
    const now = byId(option.value);
    for (const section of document.querySelectorAll(".attempt")) section.hidden = section !== now && !(compared && section === before);
    if (compare) compare.disabled = !before;
    state.panels = [readPanel(now, compared ? "This run" : ""), ...(compared ? [readPanel(before, "Previous run")] : [])];
    state.events = state.panels.flatMap((panel) => panel.lanes.flatMap((lane) => lane.events));
    state.transform = d3.zoomIdentity;
    deselect();
    chart.setAttribute("aria-label", `Timeline of ${option.textContent}; the table below has the same data`);
    drawFrame();
    for (const part of document.querySelectorAll("[data-shown-with]")) part.hidden = !chart.querySelector(`.bar${part.dataset.shownWith}`);
    const extent = [[0, 0], [state.width, state.height]];
    zoom.extent(extent).translateExtent(extent);
    showAll();
  };

  chooser.addEventListener("change", show);
  compare?.addEventListener("change", show);
  for (const link of document.querySelectorAll("a[data-shows]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      chooser.value = link.dataset.shows;
      show();
      byId("timeline").scrollIntoView();
      chart.focus({ preventScroll: true });
    });
  }
  new ResizeObserver(() => { if (Math.max(280, chart.clientWidth) !== state.width) show(); }).observe(chart);
  show();
})();
