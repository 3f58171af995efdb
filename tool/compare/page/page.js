'use strict';
// The page of `overlap compare --html`. It asks for nothing: all it shows is in the JSON block of this very file.
(() => {
const data = JSON.parse(document.getElementById('data').textContent);
const $ = (id) => document.getElementById(id);
const root = document.documentElement;

// --- Small helpers ---------------------------------------------------------------------------------------------

function make(tag, attributes = {}, ...children) {
  const svg = ['svg', 'rect', 'line', 'text', 'g', 'circle', 'title'].includes(tag);
  const node = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Three significant digits, as the table on the terminal has them. */
function digits(value) {
  if (value === 0) return '0';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 9));
}
function time(seconds) {
  if (seconds === 0) return '0 s';
  if (seconds < 1e-3) return digits(seconds * 1e6) + ' \u00b5s';
  if (seconds < 1) return digits(seconds * 1e3) + ' ms';
  return digits(seconds) + ' s';
}
const micros = (us) => time(us / 1e6);
function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) { count /= 1024; unit += 1; }
  return digits(count) + ' ' + units[unit];
}
const percent = (share) => Math.round(share * 100) + ' %';
const dash = (value, show) => (value === null || value === undefined ? '\u2013' : show(value));

/** A table: its rows begin with a header cell. */
function table(caption, titles, rows) {
  const head = make('tr');
  for (const title of titles) head.append(make('th', {scope: 'col'}, title));
  const body = make('tbody');
  for (const row of rows) {
    const line = make('tr');
    row.forEach((cell, i) => line.append(i === 0 ? make('th', {scope: 'row'}, cell) : make('td', {}, cell)));
    body.append(line);
  }
  return make('table', {'aria-label': caption}, make('thead', {}, head), body);
}

/** The next of 1, 2, 5, 10, ... at which about `count` marks fit. */
function step(length, count) {
  const rough = length / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? 10 * power;
}

// --- Light and dark --------------------------------------------------------------------------------------------

function stored(value) {
  try {  // a browser that blocks storage throws at the mere mention of it
    if (value !== undefined) window.localStorage.setItem('overlap-theme', value);
    return window.localStorage.getItem('overlap-theme');
  } catch { return null; }
}
const system_dark = window.matchMedia('(prefers-color-scheme: dark)');
function is_dark() { return (root.dataset.theme ?? (system_dark.matches ? 'dark' : 'light')) === 'dark'; }
function show_theme() {
  $('theme').textContent = is_dark() ? 'Light' : 'Dark';
  $('theme').setAttribute('aria-label', 'Switch to ' + (is_dark() ? 'light' : 'dark') + ' colours');
  $('theme').setAttribute('aria-pressed', String(is_dark()));
  timelines.forEach((timeline) => timeline.draw());
}
const timelines = [];
if (['light', 'dark'].includes(stored())) root.dataset.theme = stored();
$('theme').addEventListener('click', () => {
  root.dataset.theme = is_dark() ? 'light' : 'dark';
  stored(root.dataset.theme);
  show_theme();
});
system_dark.addEventListener('change', show_theme);

// --- Words -----------------------------------------------------------------------------------------------------

document.title = data.title;
$('title').textContent = data.title;
$('subtitle').textContent = data.subtitle;
for (const sentence of data.reading) $('reading').append(make('li', {}, sentence));
for (const complaint of data.complaints) $('complaints').append(make('li', {}, complaint));
$('complaints').hidden = data.complaints.length === 0;
$('footer').textContent = data.footer;

// --- Bars ------------------------------------------------------------------------------------------------------

const whole = data.models.filter((model) => model.runs > 0);
const best = whole.reduce((a, b) => (a === null || b.median < a.median ? b : a), null);

/** A bar a model, its name and value above it, so that a narrow screen holds them too. */
function bars(box, caption, models, value, label, extras = () => [], top = 0, marked = null) {
  const width = 1000;
  const row = 46;
  const most = Math.max(top, ...models.map(value)) || 1;
  const x = (v) => (v / most) * 100 + '%';
  const svg = make('svg', {height: row * models.length, role: 'img', 'aria-label': caption});
  models.forEach((model, i) => {
    const y = i * row;
    const group = make('g', {'data-model': model.model, 'data-value': value(model)});
    group.append(make('text', {x: 0, y: y + 14, 'font-weight': 600}, model.model));
    group.append(make('text', {x: '100%', y: y + 14, 'text-anchor': 'end'}, label(model)));
    group.append(make('rect', {class: 'track', x: 0, y: y + 20, width: '100%', height: 14, rx: 3}));
    const bar = make('rect', {class: model === marked ? 'bar best' : 'bar', x: 0, y: y + 20, width: x(value(model)), height: 14, rx: 3});
    bar.append(make('title', {}, model.model + ': ' + label(model)));
    group.append(bar, ...extras(model, x, y + 27));
    svg.append(group);
  });
  box.append(make('figcaption', {}, caption), svg);
}

function spread(model, x, y) {
  const marks = [make('line', {class: 'spread', x1: x(model.min), x2: x(model.max), y1: y, y2: y})];
  for (const seconds of model.seconds) marks.push(make('circle', {class: 'run', cx: x(seconds), cy: y, r: 2.5}));
  if (model.ideal !== null) {
    const mark = make('line', {class: 'ideal', x1: x(model.ideal), x2: x(model.ideal), y1: y - 10, y2: y + 10});
    mark.append(make('title', {}, 'ideal: ' + time(model.ideal)));
    marks.push(mark);
  }
  return marks;
}

function time_label(model) {
  let text = time(model.median);
  if (model.speedup !== null && model.model !== 'inline') text += '  \u00b7  ' + digits(model.speedup) + '\u00d7';
  if (model.efficiency !== null) text += '  \u00b7  ' + percent(model.efficiency) + ' of ideal';
  return text;
}
if (whole.length > 0) {
  const widest = Math.max(...whole.map((m) => Math.max(m.max, m.ideal ?? 0)));
  bars($('time-chart'), 'Seconds from the first task to the last result, median, shorter is better', whole, (m) => m.median,
       time_label, spread, widest, best);
  bars($('cpu-chart'), 'CPU time of a run, all its processes together', whole, (m) => m.cpu, (m) => time(m.cpu));
  bars($('memory-chart'), 'Peak memory, of the largest process', whole, (m) => m.peak, (m) => bytes(m.peak));
}
$('figures').append(table('Figures of each model',
  ['model', 'workers', 'median', 'fastest', 'slowest', 'a second', 'speed-up', 'ideal', 'efficiency', 'CPU', 'CPU an item', 'memory'],
  data.models.map((m) => (m.runs === 0 ? [m.model, String(m.workers), 'failed'] : [
    m.model, String(m.workers), time(m.median), time(m.min), time(m.max), digits(m.rate), dash(m.speedup, (v) => digits(v) + '\u00d7'),
    dash(m.ideal, time), dash(m.efficiency, percent), time(m.cpu), time(m.cpu_item), bytes(m.peak)]))));

// --- Timelines -------------------------------------------------------------------------------------------------

// Past this many tasks in sight they are not drawn one by one: each point shows the phase that most are in.
const MANY = 4000;
const AXIS = 22;
const phases = data.phases;  // {name, colour}; the last one stands for what no phase covers
const OTHER = phases.length - 1;

class Timeline {
  constructor(model, box) {
    this.model = model;
    this.lines = model.timeline;
    this.tasks = this.lines.tasks;  // [name, lane, queued, from, to, phase, from, to, phase, ...] in microseconds
    this.length = Math.max(this.lines.length, 1);
    this.from = 0;
    this.to = this.length;
    this.focused = -1;
    this.by_lane = this.lines.lanes.map(() => []);
    this.tasks.forEach((task, i) => this.by_lane[task[1]].push(i));
    this.build(box);
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  build(box) {
    const count = this.tasks.length;
    const note = `run ${this.model.traced_round}: ${count} task${count === 1 ? '' : 's'} in ${micros(this.length)}`;
    const tools = make('div', {class: 'bar-of-tools', role: 'group', 'aria-label': `Zoom and move, ${this.model.model}`},
                       make('h3', {}, this.model.model + ' ', make('small', {}, note)));
    const button = (text, label, act) => {
      const node = make('button', {type: 'button', 'aria-label': label, title: label}, text);
      node.addEventListener('click', act);
      tools.append(node);
    };
    button('+', 'Zoom in', () => this.zoom(0.5));
    button('\u2212', 'Zoom out', () => this.zoom(2));
    button('\u2190', 'Earlier', () => this.pan(-0.25));
    button('\u2192', 'Later', () => this.pan(0.25));
    button('All', 'Show all', () => this.show(0, this.length));
    this.canvas = make('canvas', {tabindex: 0, role: 'application', 'aria-roledescription': 'timeline',
      'aria-label': `Timeline of ${this.model.model}, ${note}. Plus and minus zoom, arrows move, Home shows all, N and P go from task to task.`});
    this.said = make('p', {class: 'said', 'aria-live': 'polite'});
    const lanes = this.by_lane.map((list, i) => [this.lines.lanes[i], String(list.length), ...this.lane_shares(list)]);
    const shown = lanes.slice(0, 32);
    const more = lanes.length > shown.length ? [make('p', {class: 'note'}, `and ${lanes.length - shown.length} more lines`)] : [];
    const text = make('details', {}, make('summary', {}, 'As a table'), make('div', {class: 'scroll'},
      table(`Lines of ${this.model.model}`, ['line', 'tasks', 'busy', 'most of it'], shown)), ...more);
    const dropped = this.lines.dropped > 0 ? [make('p', {class: 'note'}, `${this.lines.dropped} events found no room and are missing.`)] : [];
    box.append(make('div', {class: 'timeline'}, tools, make('div', {class: 'canvas-box'}, this.canvas), this.said, ...dropped, text));
  }

  /** How much of the time the tasks of a line took, and in which phase most of that was. */
  lane_shares(list) {
    const sums = new Array(phases.length).fill(0);
    let busy = 0;
    for (const i of list) {
      const task = this.tasks[i];
      busy += task[4] - task[3];
      let covered = 0;
      for (let p = 5; p < task.length; p += 3) { sums[task[p]] += task[p + 2] - task[p + 1]; covered += task[p + 2] - task[p + 1]; }
      sums[OTHER] += task[4] - task[3] - covered;
    }
    const most = sums.indexOf(Math.max(...sums));
    return [percent(busy / this.length), `${phases[most].name} (${percent(busy > 0 ? sums[most] / busy : 0)})`];
  }

  // What is in sight.

  show(from, to) {
    const length = Math.min(Math.max(to - from, Math.min(5, this.length)), this.length);
    this.from = Math.min(Math.max(from, 0), this.length - length);
    this.to = this.from + length;
    this.draw();
  }
  zoom(factor, at = (this.from + this.to) / 2) {
    this.show(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }
  pan(share) { const by = (this.to - this.from) * share; this.show(this.from + by, this.to + by); }
  x(us) { return ((us - this.from) / (this.to - this.from)) * this.width; }
  at(x) { return this.from + (x / this.width) * (this.to - this.from); }

  // Drawing.

  draw() {
    this.width = this.canvas.clientWidth;
    if (this.width === 0) return;
    const lanes = Math.max(this.by_lane.length, 1);
    this.rows = Math.min(lanes, 160);  // more lanes than that share rows
    this.row = Math.max(3, Math.min(26, Math.floor(380 / this.rows)));
    const height = this.rows * this.row + AXIS;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.style.height = height + 'px';
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const pen = this.canvas.getContext('2d');
    pen.scale(ratio, ratio);
    const style = getComputedStyle(root);
    this.colours = phases.map((phase) => style.getPropertyValue('--' + phase.colour).trim());
    pen.clearRect(0, 0, this.width, height);
    const seen = this.count_seen();
    const dense = seen > MANY || this.rows < lanes;
    this.marks = 0;
    if (dense) this.draw_density(pen); else this.draw_tasks(pen, style);
    this.draw_axis(pen, style, height);
    Object.assign(this.canvas.dataset, {from: this.from, to: this.to, seen, marks: this.marks, mode: dense ? 'density' : 'tasks'});
  }

  row_of(lane) { return Math.floor((lane * this.rows) / Math.max(this.by_lane.length, 1)); }

  /** The first task of a lane that ends after `us`: tasks of a lane follow each other. */
  first_in(list, us) {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.tasks[list[middle]][4] < us) low = middle + 1; else high = middle;
    }
    return low;
  }
  each_seen(list, act) {
    for (let i = this.first_in(list, this.from); i < list.length; i += 1) {
      const task = this.tasks[list[i]];
      if (task[3] > this.to) return;
      act(task, list[i]);
    }
  }
  count_seen() {
    let seen = 0;
    for (const list of this.by_lane) {
      let low = this.first_in(list, this.from);
      let high = list.length;
      const begin = low;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.tasks[list[middle]][3] > this.to) high = middle; else low = middle + 1;
      }
      seen += low - begin;
    }
    return seen;
  }

  draw_tasks(pen, style) {
    const gap = this.row > 6 ? 2 : this.row > 3 ? 1 : 0;
    const ink = style.getPropertyValue('--ink').trim();
    this.by_lane.forEach((list, lane) => {
      const y = lane * this.row + gap / 2;
      const height = this.row - gap;
      const piece = (phase, from, to) => {
        const left = Math.max(this.x(from), 0);
        pen.fillStyle = this.colours[phase];
        pen.fillRect(left, y, Math.max(Math.min(this.x(to), this.width) - left, 0.6), height);
        this.marks += 1;
      };
      this.each_seen(list, (task, i) => {
        piece(OTHER, task[3], task[4]);
        for (let p = 5; p < task.length; p += 3) piece(task[p], task[p + 1], task[p + 2]);
        if (this.x(task[4]) - this.x(task[3]) > 3 && gap > 0) {  // a seam, so that neighbours are told apart
          pen.clearRect(this.x(task[4]) - 0.6, y, 0.6, height);
        }
        if (i !== this.focused) return;
        pen.strokeStyle = ink;
        pen.lineWidth = 2;
        pen.strokeRect(this.x(task[3]), y, Math.max(this.x(task[4]) - this.x(task[3]), 3), height);
      });
    });
  }

  /** Counts for each point how many tasks are in which phase, by adding up where they begin and end. */
  draw_density(pen) {
    const columns = Math.max(Math.ceil(this.width), 1);
    const kinds = phases.length;
    const counts = new Int32Array(this.rows * kinds * (columns + 1));
    const add = (row, phase, from, to) => {
      if (to < this.from || from > this.to) return;
      const left = Math.max(Math.floor(this.x(from)), 0);
      const right = Math.min(Math.max(Math.ceil(this.x(to)), left + 1), columns);
      if (left >= columns) return;
      counts[(row * kinds + phase) * (columns + 1) + left] += 1;
      counts[(row * kinds + phase) * (columns + 1) + right] -= 1;
    };
    this.by_lane.forEach((list, lane) => {
      const row = this.row_of(lane);
      this.each_seen(list, (task) => {
        if (task.length === 5) add(row, OTHER, task[3], task[4]);
        for (let p = 5; p < task.length; p += 3) add(row, task[p], task[p + 1], task[p + 2]);
      });
    });
    const now = new Int32Array(kinds);
    for (let row = 0; row < this.rows; row += 1) {
      now.fill(0);
      let begin = 0;
      let shown = -1;
      for (let column = 0; column <= columns; column += 1) {
        let most = -1;
        if (column < columns) {
          for (let phase = 0; phase < kinds; phase += 1) {
            now[phase] += counts[(row * kinds + phase) * (columns + 1) + column];
            if (now[phase] > 0 && (most < 0 || now[phase] > now[most])) most = phase;
          }
        }
        if (most === shown && column < columns) continue;
        if (shown >= 0) {
          pen.fillStyle = this.colours[shown];
          pen.fillRect(begin, row * this.row, column - begin, this.row - (this.row > 6 ? 2 : 0));
          this.marks += 1;
        }
        begin = column;
        shown = most;
      }
    }
  }

  draw_axis(pen, style, height) {
    const top = height - AXIS;
    pen.strokeStyle = style.getPropertyValue('--line').trim();
    pen.fillStyle = style.getPropertyValue('--soft').trim();
    pen.lineWidth = 1;
    pen.font = '11px system-ui, "DejaVu Sans", sans-serif';
    pen.beginPath();
    pen.moveTo(0, top + 0.5);
    pen.lineTo(this.width, top + 0.5);
    const by = step(this.to - this.from, Math.max(2, this.width / 110));
    for (let us = Math.ceil(this.from / by) * by; us <= this.to; us += by) {
      const x = Math.round(this.x(us)) + 0.5;
      pen.moveTo(x, top);
      pen.lineTo(x, top + 4);
      const text = axis_time(us, by);
      const half = pen.measureText(text).width / 2;
      pen.fillText(text, Math.min(Math.max(x - half, 2), this.width - 2 * half - 2), top + 16);
    }
    pen.stroke();
  }

  // The task under a point, and what is said of it.

  find(x, y) {
    const row = Math.floor(y / this.row);
    if (row < 0 || row >= this.rows) return -1;
    const us = this.at(x);
    const slack = ((this.to - this.from) / this.width) * 3;
    let found = -1;
    let nearest = Infinity;
    for (let lane = Math.ceil((row * this.by_lane.length) / this.rows); lane < this.by_lane.length && this.row_of(lane) === row; lane += 1) {
      const list = this.by_lane[lane];
      for (let i = Math.max(this.first_in(list, us) - 1, 0), end = i + 3; i < Math.min(end, list.length); i += 1) {
        const task = this.tasks[list[i]];
        const distance = Math.max(task[3] - us, us - task[4], 0);
        if (distance <= slack && distance < nearest) { nearest = distance; found = list[i]; }
      }
    }
    return found;
  }
  name(i) {
    const task = this.tasks[i];
    return this.lines.names[task[0]] || `task ${i + 1}`;
  }
  /** [phase, microseconds] of a task, also of what it waited in the queue. */
  parts(i) {
    const task = this.tasks[i];
    const parts = [];
    if (task[3] > task[2]) parts.push([0, task[3] - task[2]]);
    for (let p = 5; p < task.length; p += 3) if (task[p + 2] > task[p + 1]) parts.push([task[p], task[p + 2] - task[p + 1]]);
    return parts;
  }
  sentence(i) {
    const task = this.tasks[i];
    const failed = this.lines.failed.includes(i) ? ', failed' : '';
    const parts = this.parts(i).map(([phase, us]) => `${phases[phase].name} ${micros(us)}`).join(', ');
    return `${this.name(i)}: ${this.lines.lanes[task[1]]}, began at ${micros(task[3])}, took ${micros(task[4] - task[3])}${failed}` +
      (parts ? `; ${parts}` : '');
  }
  show_tip(i, x, y) {
    const tip = $('tip');
    if (i < 0) { tip.hidden = true; return; }
    const task = this.tasks[i];
    tip.replaceChildren(make('b', {}, this.name(i)),
      `${this.lines.lanes[task[1]]} \u00b7 began at ${micros(task[3])} \u00b7 took ${micros(task[4] - task[3])}`);
    for (const [phase, us] of this.parts(i)) {
      tip.append(make('span', {}, make('i', {class: 'swatch', style: `background:var(--${phases[phase].colour})`}),
                      `${phases[phase].name}: ${micros(us)}`));
    }
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(x + 14, window.innerWidth - box.width - 4)) + 'px';
    tip.style.top = (y + 18 + box.height > window.innerHeight ? Math.max(4, y - box.height - 12) : y + 18) + 'px';
  }
  focus_task(i) {
    if (this.tasks.length === 0) return;
    this.focused = Math.min(Math.max(i, 0), this.tasks.length - 1);
    const task = this.tasks[this.focused];
    if (task[3] < this.from || task[4] > this.to) {
      const half = Math.max(this.to - this.from, (task[4] - task[3]) * 1.2) / 2;
      this.show((task[3] + task[4]) / 2 - half, (task[3] + task[4]) / 2 + half);
    }
    this.draw();
    this.said.textContent = this.sentence(this.focused);
  }

  listen() {
    const canvas = this.canvas;
    canvas.addEventListener('wheel', (event) => {
      const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      const all = this.from === 0 && this.to === this.length;
      // Who scrolls down the page and meets a timeline that shows all goes on scrolling.
      if (!sideways && all && event.deltaY > 0) return;
      event.preventDefault();
      if (sideways) return this.pan((event.deltaX || event.deltaY) / this.width);
      this.zoom(Math.exp(Math.max(-100, Math.min(100, event.deltaY)) / 250), this.at(event.offsetX));
    }, {passive: false});

    const fingers = new Map();
    canvas.addEventListener('pointerdown', (event) => {
      fingers.set(event.pointerId, event.offsetX);
      canvas.setPointerCapture(event.pointerId);
      canvas.classList.add('dragged');
    });
    canvas.addEventListener('pointermove', (event) => {
      const before = fingers.get(event.pointerId);
      if (before === undefined) {
        const i = this.find(event.offsetX, event.offsetY);
        canvas.dataset.hover = i < 0 ? '' : this.name(i);
        return this.show_tip(i, event.clientX, event.clientY);
      }
      if (fingers.size === 2) {
        const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
        const apart = Math.max(Math.abs(before - other), 10);
        this.zoom(apart / Math.max(Math.abs(event.offsetX - other), 10), this.at(other));
      } else {
        this.show_tip(-1);
        this.pan((before - event.offsetX) / this.width);
      }
      fingers.set(event.pointerId, event.offsetX);
    });
    const lift = (event) => {
      fingers.delete(event.pointerId);
      if (fingers.size === 0) canvas.classList.remove('dragged');
    };
    canvas.addEventListener('pointerup', (event) => {
      lift(event);
      const i = this.find(event.offsetX, event.offsetY);
      if (i >= 0) this.said.textContent = this.sentence(i);
    });
    canvas.addEventListener('pointercancel', lift);
    canvas.addEventListener('pointerleave', () => this.show_tip(-1));

    const keys = {
      '+': () => this.zoom(0.5), '=': () => this.zoom(0.5), '-': () => this.zoom(2),
      ArrowLeft: () => this.pan(-0.25), ArrowRight: () => this.pan(0.25),
      Home: () => this.show(0, this.length), 0: () => this.show(0, this.length),
      n: () => this.focus_task(this.focused + 1), p: () => this.focus_task(this.focused - 1),
      Escape: () => { this.focused = -1; this.said.textContent = ''; this.show_tip(-1); this.draw(); },
    };
    canvas.addEventListener('keydown', (event) => {
      const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act();
    });
  }
}

/** A time of an axis whose marks are `by` apart: with as many decimals as tell them apart. */
function axis_time(us, by) {
  const [unit, name] = by >= 1e5 ? [1e6, 's'] : by >= 100 ? [1e3, 'ms'] : [1, '\u00b5s'];
  const decimals = Math.max(0, -Math.floor(Math.log10(by / unit) + 1e-9));
  return (us / unit).toFixed(decimals) + ' ' + name;
}

const drawn = data.models.filter((model) => model.timeline);
const used = new Set([OTHER]);
for (const model of drawn) for (const task of model.timeline.tasks) for (let p = 5; p < task.length; p += 3) used.add(task[p]);
phases.forEach((phase, i) => {
  if (!used.has(i)) return;
  $('legend').append(make('li', {}, make('i', {class: 'swatch', style: `background:var(--${phase.colour})`}), phase.name));
});
for (const model of drawn) timelines.push(new Timeline(model, $('timelines')));

// --- How long a task took --------------------------------------------------------------------------------------

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
}

/** Columns from the shortest to the longest of all models, each by the same factor more than the one before. */
function histogram(model, took, low, high) {
  const bins = high > low ? 32 : 1;
  const ratio = Math.log(high > low ? high / low : 2) / bins;
  const edge = (i) => low * Math.exp(ratio * i);
  const counts = new Array(bins).fill(0);
  for (const us of took) counts[Math.min(bins - 1, Math.floor(Math.log(us / low) / ratio))] += 1;
  const most = Math.max(...counts);
  const figure = make('figure', {}, make('figcaption', {}, `${model.model}: median ${micros(quantile(took, 0.5))}`));
  const svg = make('svg', {height: 116, role: 'img', 'data-model': model.model,
    'aria-label': `${model.model}: ${took.length} tasks took from ${micros(took[0])} to ${micros(took[took.length - 1])}`});
  counts.forEach((count, i) => {
    if (count === 0) return;
    const height = Math.max((count / most) * 90, 2);
    const bar = make('rect', {class: 'bar', x: (i / bins) * 100 + '%', width: 92 / bins + '%', y: 92 - height, height, 'data-count': count});
    bar.append(make('title', {}, `${count} from ${micros(edge(i))} to ${micros(edge(i + 1))}`));
    svg.append(bar);
  });
  svg.append(make('line', {class: 'axis', x1: 0, x2: '100%', y1: 92.5, y2: 92.5}),
             make('text', {class: 'soft', x: 0, y: 110}, micros(low)),
             make('text', {class: 'soft', x: '100%', y: 110, 'text-anchor': 'end'}, micros(edge(bins))));
  figure.append(svg);
  return figure;
}

const took = drawn.filter((model) => model.timeline.tasks.length > 0).map((model) =>
  [model, model.timeline.tasks.map((task) => Math.max(task[4] - task[3], 1)).sort((a, b) => a - b)]);
if (took.length > 0) {
  const low = Math.min(...took.map(([, sorted]) => sorted[0]));
  const high = Math.max(...took.map(([, sorted]) => sorted[sorted.length - 1]));
  const grid = make('div', {class: 'small'});
  for (const [model, sorted] of took) grid.append(histogram(model, sorted, low, high));
  $('latencies').append(grid);
  const points = [['shortest', 0], ['half', 0.5], ['90 %', 0.9], ['99 %', 0.99], ['longest', 1]];
  $('percentiles').append(table('How long a task took', ['model', 'tasks', ...points.map(([name]) => name)],
    took.map(([model, sorted]) => [model.model, String(sorted.length), ...points.map(([, share]) => micros(quantile(sorted, share)))])));
}

show_theme();
window.addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((node) => { node.open = true; }));
window.overlapPage = {data, timelines};  // for those who want to look further in the console, and for the tests
})();
