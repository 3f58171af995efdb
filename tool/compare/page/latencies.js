// How long a task took.
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
