#!/usr/bin/env python3
"""Draws the timelines of `overlap compare --trace FILE` as one SVG picture.

    overlap compare --workload pages --repeat 1 --warmup 0 --trace pages.json
    docs/images/timelines.py pages.json >docs/images/timeline-pages.svg

A strip for each model, each with a scale of its own: a line a worker, and for the loop a line for each task that is
under way at the same time.
"""
import collections
import json
import sys

WIDTH, LEFT, RIGHT, HEAD, FOOT = 720, 16, 16, 30, 22
COLOURS = {"waiting": "#4f94de", "computing": "#d6475b", "writing": "#2da46a"}
KINDS = {"waiting for the first byte": "waiting", "sleeping": "waiting", "computing": "computing",
         "writing": "writing"}


def read(name):
    """For each model: its name, and its tasks and phases as (line, kind, from, to) in microseconds."""
    with open(name, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    names, tasks, phases = {}, collections.defaultdict(list), collections.defaultdict(list)
    begun = {}
    for event in events:
        model = event["pid"]
        if event["name"] == "process_name":
            names[model] = event["args"]["name"].split(",")[0]
        elif event["ph"] == "X" and event.get("cat") == "running":
            tasks[model].append((event["ts"], event["ts"] + event["dur"], event["tid"], event["args"]["task"]))
        elif event.get("cat") == "scope" and event["ph"] in "Xbe" and event["name"] in KINDS:
            if event["ph"] == "b":
                begun[model, event["id"], event["name"]] = event
                continue
            first = event if event["ph"] == "X" else begun.pop((model, event["id"], event["name"]))
            end = first["ts"] + event["dur"] if event["ph"] == "X" else event["ts"]
            phases[model].append((first["ts"], end, KINDS[event["name"]], first["args"]["task"]))
    return names, tasks, phases


def lines_of_workers(tasks):
    """A line for each worker."""
    workers = sorted({worker for _, _, worker, _ in tasks})
    return {task: workers.index(worker) for _, _, worker, task in tasks}, len(workers)


def lines_of_loop(phases):
    """A line for each task: the first that is free. The tasks of a loop all begin at once, so what counts is when they
    are served."""
    begins, ends = {}, {}
    for begin, end, _, task in phases:
        begins[task] = min(begin, begins.get(task, begin))
        ends[task] = max(end, ends.get(task, end))
    free, lines = [], {}
    for task in sorted(begins, key=begins.get):
        line = next((i for i, until in enumerate(free) if until <= begins[task]), len(free))
        free[line:line + 1] = [ends[task]]
        lines[task] = line
    return lines, len(free)


def strip(top, model, tasks, phases):
    lines, count = lines_of_loop(phases) if model == "loop" else lines_of_workers(tasks)
    spans = tasks + phases  # a task of the loop runs only for moments; its phases go on while it waits
    start, end = min(span[0] for span in spans), max(span[1] for span in spans)
    scale = (WIDTH - LEFT - RIGHT) / (end - start)
    pitch = max(min(18, 160 / count), 1)
    bar = pitch - 1 if pitch > 2 else pitch * 0.75
    paths = collections.defaultdict(list)
    for begin, until, kind, task in phases:
        x, width = LEFT + (begin - start) * scale, max((until - begin) * scale - 0.4, 0.4)
        paths[kind].append(f"M{x:.1f} {top + HEAD + lines.get(task, 0) * pitch:.1f}h{width:.1f}v{bar:.1f}h-{width:.1f}z")
    height = HEAD + count * pitch
    seconds = (end - start) / 1e6
    how = f"{count} at a time" if count > 1 else "one after the other"
    text = [f'<text x="{LEFT}" y="{top + 20:.0f}" font-weight="600">{model}: {seconds:.3g} s, {how}</text>']
    text += [f'<path fill="{COLOURS[kind]}" d="{"".join(paths[kind])}"/>' for kind in COLOURS if paths[kind]]
    axis = top + height + 3
    text.append(f'<path stroke="#8c959f" fill="none" d="M{LEFT} {axis:.1f}H{WIDTH - RIGHT}"/>')
    text.append(f'<text x="{LEFT}" y="{axis + 14:.1f}" font-size="11" fill="#59636e">0 s</text>')
    text.append(f'<text x="{WIDTH - RIGHT}" y="{axis + 14:.1f}" font-size="11" fill="#59636e" '
                f'text-anchor="end">{seconds:.3g} s</text>')
    return "\n".join(text), top + height + FOOT, set(paths)


def main():
    names, tasks, phases = read(sys.argv[1])
    top, strips, kinds = 28, [], set()
    for model, name in names.items():
        text, top, seen = strip(top, name, tasks[model], phases[model])
        strips.append(text)
        kinds |= seen
    legend, x = [], LEFT
    for kind in [kind for kind in COLOURS if kind in kinds]:
        legend.append(f'<rect x="{x}" y="10" width="12" height="12" fill="{COLOURS[kind]}"/>'
                      f'<text x="{x + 18}" y="20">{kind}</text>')
        x += 110
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:.0f}" width="{WIDTH}" height="{top:.0f}" '
          f'role="img" font-family="system-ui, sans-serif" font-size="13" fill="#1f2328">')
    print(f'<rect width="{WIDTH}" height="{top:.0f}" fill="#ffffff"/>')
    print("\n".join(legend + strips) + "\n</svg>")


if __name__ == "__main__":
    main()
