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

// On paper it is light, whatever the screen has. Timelines are drawn anew, since what is drawn follows no style sheet.
let screen_theme = null;  // while it is printed: {theme}
function print_light(prints) {
  if (prints === (screen_theme !== null)) return;
  if (prints) {
    screen_theme = {theme: root.dataset.theme};
    root.dataset.theme = 'light';
  } else {
    if (screen_theme.theme === undefined) delete root.dataset.theme; else root.dataset.theme = screen_theme.theme;
    screen_theme = null;
  }
  show_theme();
}
window.addEventListener('beforeprint', () => print_light(true));
window.addEventListener('afterprint', () => print_light(false));
window.matchMedia('print').addEventListener('change', (event) => print_light(event.matches));
