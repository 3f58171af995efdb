// The words, the bars and their table.
document.title = data.title;
$('title').textContent = data.title;
$('subtitle').textContent = data.subtitle;
for (const sentence of data.reading) $('reading').append(make('li', {}, sentence));
for (const note of data.notes) $('notes').append(make('li', {}, note));
$('notes').hidden = data.notes.length === 0;
for (const complaint of data.complaints) $('complaints').append(make('li', {}, complaint));
$('complaints').hidden = data.complaints.length === 0;
$('footer').textContent = data.footer;

const timed = data.models.filter((model) => model.runs > 0);
// Only where nothing failed was the same work done; the others are drawn, but not compared.
const best = timed.filter((model) => model.failed === 0).reduce((a, b) => (a === null || b.median < a.median ? b : a), null);
const failed_label = (model) => model.failed + ' failed';

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
    const kind = model === marked ? ' best' : model.failed > 0 ? ' failed' : '';
    const bar = make('rect', {class: 'bar' + kind, x: 0, y: y + 20, width: x(value(model)), height: 14, rx: 3});
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
  if (model.failed > 0) text += '  \u00b7  ' + failed_label(model);
  if (model.speedup !== null && model.model !== 'inline') text += '  \u00b7  ' + digits(model.speedup) + '\u00d7';
  if (model.efficiency !== null) text += '  \u00b7  ' + percent(model.efficiency) + ' of ideal';
  return text;
}
if (timed.length > 0) {
  const widest = Math.max(...timed.map((m) => Math.max(m.max, m.ideal ?? 0)));
  bars($('time-chart'), 'Seconds from the first task to the last result, median, shorter is better', timed, (m) => m.median,
       time_label, spread, widest, best);
  bars($('cpu-chart'), 'CPU time of a run, all its processes together', timed, (m) => m.cpu, (m) => time(m.cpu));
  bars($('memory-chart'), 'Peak memory, of the largest process', timed, (m) => m.peak, (m) => bytes(m.peak));
}
$('figures').append(table('Figures of each model',
  ['model', 'workers', 'median', 'fastest', 'slowest', 'a second', 'speed-up', 'ideal', 'efficiency', 'CPU', 'CPU an item', 'memory'],
  data.models.map((m) => (m.runs === 0 ? [m.model, String(m.workers), 'failed'] : [
    m.model, String(m.workers), time(m.median), time(m.min), time(m.max), digits(m.rate), m.failed > 0 ? failed_label(m) : dash(m.speedup, (v) => digits(v) + '\u00d7'),
    dash(m.ideal, time), dash(m.efficiency, percent), time(m.cpu), time(m.cpu_item), bytes(m.peak)]))));
