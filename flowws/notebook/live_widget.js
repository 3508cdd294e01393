// The page's half of `live_widget`. The kernel sends the last points at most `fps` times a second; the plot moves at the
// pace of the screen: each number that it shows, the newest time say, runs after the one that it should show.

const HEIGHT = 180;
const LEFT = 56;
const BOTTOM = 20;
const TOP = 8;
const HASTE = 12; // per second: after a twelfth of a second a third of the way is left
const STATES = { live: "live", ended: "ended", stopped: "stopped" };
const COLOURS = ["var(--jp-brand-color1, #1976d2)", "#e07b00", "#2a9d57", "#a45bc4"];

function render({ model, el }) {
  el.classList.add("flowws-live");
  const head = append(el, "div", "flowws-live-head");
  const dot = append(head, "span", "flowws-live-dot");
  append(head, "b", "").textContent = model.get("title");
  const facts = append(head, "span", "flowws-live-facts");
  const pause = button(head, "Pause");
  const stop = button(head, "Stop");
  const legend = append(el, "div", "flowws-live-legend");
  const canvas = append(el, "canvas", "");
  canvas.setAttribute("role", "img");
  const probe = append(el, "span", "flowws-live-probe"); // tells the colours of the theme
  const plot = new Plot(canvas, probe);

  const tell = () => {
    const { state, count, rate } = model.get("news");
    const live = state === "live";
    el.dataset.state = STATES[state] ?? "failed";
    el.dataset.count = count;
    dot.dataset.state = live && model.get("paused") ? "paused" : el.dataset.state;
    dot.textContent = { live: "●", ended: "■", stopped: "■" }[state] ?? "✖";
    const pace = live ? ` · ${rate.toLocaleString("en", { maximumFractionDigits: 0 })}/s` : "";
    facts.textContent = `${count.toLocaleString("en")} values${pace} · ${live && model.get("paused") ? "paused" : state}`;
    pause.textContent = model.get("paused") ? "Resume" : "Pause";
    pause.hidden = stop.hidden = !live;
  };
  const draw = () => {
    const { newest, lines } = model.get("news");
    plot.take(points(model.get("points"), lines.length), newest, lines);
    legend.replaceChildren(...lines.map((name, n) => entry(name, n, plot.last(n))));
    legend.hidden = lines.length === 0;
    canvas.setAttribute("aria-label", legend.textContent || "no numbers among the values");
  };
  const update = () => {
    tell();
    if (!model.get("paused") || model.get("news").state !== "live") draw();
  };
  pause.addEventListener("click", () => {
    model.set("paused", !model.get("paused"));
    model.save_changes();
  });
  stop.addEventListener("click", () => model.send({ stop: true }));
  model.on("change:news", update);
  model.on("change:paused", tell);
  tell();
  draw(); // what there is, also where it was paused before the page was loaded
  const redraw = () => plot.redraw();
  const size = new ResizeObserver(redraw);
  size.observe(canvas);
  const theme = new MutationObserver(redraw);
  theme.observe(document.body, { attributes: true });
  return () => {
    model.off("change:news", update);
    model.off("change:paused", tell);
    size.disconnect();
    theme.disconnect();
    plot.end();
  };
}

class Plot {
  constructor(canvas, probe) {
    this.canvas = canvas;
    this.probe = probe;
    this.points = [];
    this.names = [];
    this.shown = null; // where the window is: its right edge in time, its length, its lower and its upper end
    this.wanted = null;
    this.frame = 0;
    this.at = 0;
    this.isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  // `rows` are [seconds before the newest, a number per line ...]
  take(rows, newest, names) {
    this.names = names;
    this.points = rows.map(([age, ...values]) => [newest + age, ...values]);
    const values = rows.flatMap((row) => [...row.slice(1)]).filter(Number.isFinite);
    if (values.length === 0) {
      this.wanted = this.shown = null;
    } else {
      const low = Math.min(...values);
      const high = Math.max(...values);
      const room = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1;
      this.wanted = { edge: newest, span: Math.max(-rows[0][0], 1e-3), low: low - room, high: high + room };
      if (this.shown === null || this.isCalm) this.shown = { ...this.wanted };
    }
    this.redraw();
  }

  last(line) {
    for (let n = this.points.length - 1; n >= 0; n--) {
      if (Number.isFinite(this.points[n][line + 1])) return this.points[n][line + 1];
    }
    return undefined;
  }

  redraw() {
    if (this.frame === 0) this.frame = requestAnimationFrame((now) => this.step(now));
  }

  end() {
    cancelAnimationFrame(this.frame);
    this.frame = -1; // a late call draws nothing more
  }

  step(now) {
    this.frame = 0;
    const seconds = Math.min((now - this.at) / 1000, 0.1);
    this.at = now;
    const isThere = this.wanted === null || this.approach(seconds);
    this.draw();
    if (!isThere) this.redraw();
  }

  approach(seconds) {
    const part = 1 - Math.exp(-HASTE * seconds);
    const { shown, wanted } = this;
    const pixels = { edge: wanted.span, span: wanted.span, low: wanted.high - wanted.low, high: wanted.high - wanted.low };
    let isThere = true;
    for (const name of Object.keys(wanted)) {
      const way = wanted[name] - shown[name];
      const isNear = Math.abs(way) < pixels[name] / 2000;
      shown[name] = isNear || !Number.isFinite(way) ? wanted[name] : shown[name] + way * part;
      isThere &&= isNear;
    }
    return isThere;
  }

  draw() {
    const { canvas } = this;
    const width = canvas.clientWidth;
    const scale = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== HEIGHT * scale) {
      canvas.width = Math.round(width * scale);
      canvas.height = HEIGHT * scale;
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, HEIGHT);
    const theme = getComputedStyle(this.probe);
    pen.font = `11px ${theme.fontFamily}`;
    pen.fillStyle = theme.color;
    if (this.shown === null) {
      pen.fillText(this.points.length === 0 ? "no value yet" : "no numbers among the values", LEFT, HEIGHT / 2);
      return;
    }
    const { edge, span, low, high } = this.shown;
    const right = width - 8;
    const x = (moment) => right - ((edge - moment) / span) * (right - LEFT);
    const y = (value) => TOP + ((high - value) / (high - low)) * (HEIGHT - BOTTOM - TOP);
    this.rule(pen, theme, x, y, right);
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, 0, right - LEFT + 4, HEIGHT - BOTTOM + 2);
    pen.clip();
    this.names.forEach((_, line) => this.line(pen, line + 1, x, y));
    pen.restore();
  }

  rule(pen, theme, x, y, right) {
    const { edge, span, low, high } = this.shown;
    pen.strokeStyle = theme.borderTopColor;
    pen.lineWidth = 1;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    const step = roundStep((high - low) / 5);
    for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
      const height = Math.round(y(value)) + 0.5;
      pen.beginPath();
      pen.moveTo(LEFT, height);
      pen.lineTo(right, height);
      pen.stroke();
      pen.fillText(short(value, step), LEFT - 6, height);
    }
    pen.textBaseline = "alphabetic";
    pen.fillText("now", right, HEIGHT - 4);
    const ago = roundStep(span / 5);
    for (let age = ago; age < span * 0.97; age += ago) pen.fillText(`-${short(age, ago)} s`, x(edge - age), HEIGHT - 4);
  }

  line(pen, column, x, y) {
    pen.strokeStyle = colour(this.probe, column - 1);
    pen.lineWidth = 1.5;
    pen.lineJoin = "round";
    pen.beginPath();
    for (const point of this.points) {
      if (Number.isFinite(point[column])) pen.lineTo(x(point[0]), y(point[column]));
    }
    pen.stroke();
  }
}

function points(view, lines) {
  const numbers = new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  const rows = [];
  for (let at = 0; at < numbers.length; at += lines + 1) rows.push(numbers.subarray(at, at + lines + 1));
  return rows.map((row) => [...row]);
}

function entry(name, line, value) {
  const item = document.createElement("span");
  const mark = append(item, "span", "flowws-live-mark");
  mark.style.background = COLOURS[line];
  append(item, "span", "").textContent = `${name} `;
  append(item, "b", "").textContent = value === undefined ? "" : value.toLocaleString("en", { maximumSignificantDigits: 6 });
  return item;
}

function colour(probe, line) {
  probe.style.outlineColor = COLOURS[line];
  return getComputedStyle(probe).outlineColor;
}

function roundStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((n) => n * power).find((step) => step >= rough) ?? rough;
}

function short(value, step) {
  if (Math.abs(value) < step / 1e6) value = 0; // what the sum of steps has left of it
  const digits = Math.min(Math.max(0, -Math.floor(Math.log10(step))), 8);
  return value.toLocaleString("en", { notation: Math.abs(value) >= 1e6 ? "compact" : "standard", maximumFractionDigits: digits });
}

function append(parent, tag, name) {
  const child = document.createElement(tag);
  child.className = name;
  return parent.appendChild(child);
}

function button(parent, text) {
  const made = append(parent, "button", "flowws-live-button");
  made.type = "button";
  made.textContent = text;
  return made;
}

export default { render };
