// Light and dark.
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
