// The timelines of the models, and the legend of their colours.
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
    this.failed = new Set(this.lines.failed);
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
    const note = `run ${this.model.traced_round}: ${count} task${count === 1 ? '' : 's'} in ${micros(this.length)}` +
      (this.failed.size > 0 ? `, ${this.failed.size} failed` : '');
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
    const crosses = this.draw_crosses(pen, style);
    this.draw_axis(pen, style, height);
    Object.assign(this.canvas.dataset, {from: this.from, to: this.to, seen, marks: this.marks, crosses, mode: dense ? 'density' : 'tasks'});
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

  /** A cross on each task that failed; one for those that are too near to be told apart. Gives how many are drawn. */
  draw_crosses(pen, style) {
    if (this.failed.size === 0) return 0;
    const arm = Math.max(2, Math.min(5, this.row / 2 - 1));
    let drawn = 0;
    pen.beginPath();
    this.by_lane.forEach((list, lane) => {
      const y = (this.row_of(lane) + 0.5) * this.row;
      let last = -Infinity;
      this.each_seen(list, (task, i) => {
        if (!this.failed.has(i)) return;
        const x = (this.x(Math.max(task[3], this.from)) + this.x(Math.min(task[4], this.to))) / 2;
        if (x - last < 2 * arm) return;
        last = x;
        drawn += 1;
        pen.moveTo(x - arm, y - arm);
        pen.lineTo(x + arm, y + arm);
        pen.moveTo(x - arm, y + arm);
        pen.lineTo(x + arm, y - arm);
      });
    });
    for (const [colour, width] of [['--paper', 4], ['--ink', 2]]) {  // an edge, so that it is seen on every colour
      pen.strokeStyle = style.getPropertyValue(colour).trim();
      pen.lineWidth = width;
      pen.stroke();
    }
    return drawn;
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
    const failed = this.failed.has(i) ? ', failed' : '';
    const parts = this.parts(i).map(([phase, us]) => `${phases[phase].name} ${micros(us)}`).join(', ');
    return `${this.name(i)}: ${this.lines.lanes[task[1]]}, began at ${micros(task[3])}, took ${micros(task[4] - task[3])}${failed}` +
      (parts ? `; ${parts}` : '');
  }
  show_tip(i, x, y) {
    const tip = $('tip');
    if (i < 0) { tip.hidden = true; return; }
    const task = this.tasks[i];
    tip.replaceChildren(make('b', {}, this.name(i)),
      `${this.lines.lanes[task[1]]} \u00b7 began at ${micros(task[3])} \u00b7 took ${micros(task[4] - task[3])}` +
      (this.failed.has(i) ? ' \u00b7 failed' : ''));
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

const drawn = data.models.filter((model) => model.timeline);
const used = new Set([OTHER]);
for (const model of drawn) for (const task of model.timeline.tasks) for (let p = 5; p < task.length; p += 3) used.add(task[p]);
phases.forEach((phase, i) => {
  if (!used.has(i)) return;
  $('legend').append(make('li', {}, make('i', {class: 'swatch', style: `background:var(--${phase.colour})`}), phase.name));
});
if (drawn.some((model) => model.timeline.failed.length > 0)) $('legend').append(make('li', {}, '\u00d7 failed'));
for (const model of drawn) timelines.push(new Timeline(model, $('timelines')));
