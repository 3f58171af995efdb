// Last: everything that it shows is there.
show_theme();
window.addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((node) => { node.open = true; }));
window.overlapPage = {data, timelines};  // for those who want to look further in the console, and for the tests
