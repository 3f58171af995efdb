// What the other scripts use: the data, elements, figures as text, tables.
const data = JSON.parse(document.getElementById('data').textContent);
const $ = (id) => document.getElementById(id);
const root = document.documentElement;

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

/** A time of an axis whose marks are `by` apart: with as many decimals as tell them apart. */
function axis_time(us, by) {
  const [unit, name] = by >= 1e5 ? [1e6, 's'] : by >= 100 ? [1e3, 'ms'] : [1, '\u00b5s'];
  const decimals = Math.max(0, -Math.floor(Math.log10(by / unit) + 1e-9));
  return (us / unit).toFixed(decimals) + ' ' + name;
}
