// The format is "Trace Event Format" of the Chromium project: an object with an array "traceEvents". What runs on a
// thread or worker is a complete event ("X"), which must nest there. Spans of tasks that lie across each other are
// nestable asynchronous events ("b" and "e"), which nest by category and id. Times are in microseconds.

#include <overlap/core/trace_json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <compare>
#include <iterator>
#include <ostream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace overlap {
namespace {

/// How many bytes the UTF-8 sequence at the beginning of a text has; 0 when there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Too long for what it says, half of a surrogate pair, or beyond the last character (RFC 3629).
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f)) return 0;
  if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) return 0;
  return length;
}

/// As a JSON string; what is not UTF-8 becomes the replacement character.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    const char c = text.front();
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
  return out;
}

/// To the eighth of a microsecond below. Viewers add times up and compare them as floating-point numbers, Perfetto once
/// it has made whole nanoseconds of them: eighths are exact in both. With a rounding error in the end of one task or
/// phase the next seems to begin before it, and is drawn within it or left out.
Duration on_grid(Duration time) { return time - time % std::chrono::nanoseconds(125); }

/// Of a time on the grid.
std::string micros(Duration time) { return fmt::format("{}.{:03}", time.count() / 1000, time.count() % 1000); }

std::string_view state_name(TraceSpan::Kind kind) {
  switch (kind) {
    case TraceSpan::Kind::queued:
      return "queued";
    case TraceSpan::Kind::running:
      return "running";
    case TraceSpan::Kind::waiting:
      return "waiting";
    case TraceSpan::Kind::scope:
      break;
  }
  return "scope";
}

std::string_view end_name(TraceSpan::End end) {
  switch (end) {
    case TraceSpan::End::left:
      return "left";
    case TraceSpan::End::open:
      return "open";
    case TraceSpan::End::finished:
      return "finished";
    case TraceSpan::End::failed:
      return "failed";
    case TraceSpan::End::cancelled:
      break;
  }
  return "cancelled";
}

std::string title(const TraceSpan& span) {
  return span.name.empty() ? fmt::format("\"task {}\"", span.task) : quoted(span.name);
}

std::string arguments(const TraceSpan& span) {
  std::string text = fmt::format("{{\"task\":{}", span.task);
  if (span.other != 0) text += fmt::format(",\"waits_for\":{}", span.other);
  if (span.end != TraceSpan::End::left) text += fmt::format(",\"end\":\"{}\"", end_name(span.end));
  return text + '}';
}

class Writer {
 public:
  /// Numbers of threads follow those of the processes: in Perfetto a thread of its process's number is the main one,
  /// and a number means the same in all processes.
  Writer(std::ostream& out, std::size_t processes) : out_(out), next_thread_(processes + 1) {}

  void begin(std::size_t dropped) {
    out_ << fmt::format("{{\"displayTimeUnit\":\"ms\",\"otherData\":{{\"dropped_events\":{}}},\"traceEvents\":[",
                        dropped);
  }
  void end() { out_ << "\n]}\n"; }

  /// What follows is of another process; the numbers of processes mean nothing else.
  void process(std::string_view name, std::size_t lanes) {
    ++process_;
    first_thread_ = std::exchange(next_thread_, next_thread_ + lanes);
    const std::string head = fmt::format("\"ph\":\"M\",\"pid\":{0},\"tid\":{0}", process_);
    event(fmt::format("\"name\":\"process_name\",{},\"args\":{{\"name\":{}}}", head, quoted(name)));
    event(fmt::format("\"name\":\"process_sort_index\",{},\"args\":{{\"sort_index\":{}}}", head, process_));
  }

  void lane(std::size_t index, const TraceLane& lane, std::size_t place) {
    const std::string head = fmt::format("\"ph\":\"M\",\"pid\":{},\"tid\":{}", process_, first_thread_ + index);
    event(fmt::format("\"name\":\"thread_name\",{},\"args\":{{\"name\":{}}}", head, quoted(lane.name)));
    event(fmt::format("\"name\":\"thread_sort_index\",{},\"args\":{{\"sort_index\":{}}}", head, place));
  }

  void on_lane(const TraceSpan& span) {
    event(fmt::format("\"name\":{},\"cat\":\"{}\",\"ph\":\"X\",\"pid\":{},\"tid\":{},\"ts\":{},\"dur\":{},\"args\":{}",
                      title(span), state_name(span.kind), process_, first_thread_ + span.lane,
                      micros(on_grid(span.from)), micros(on_grid(span.to) - on_grid(span.from)), arguments(span)));
  }

  void by_itself(const TraceSpan& span, std::string_view name, const std::string& id) {
    // An id means the same in all processes, so each of them but the first has its number before its ids.
    const std::string own_id = process_ == 1 ? id : fmt::format("{}:{}", process_, id);
    const std::string head = fmt::format("\"name\":{},\"cat\":\"{}\",\"id\":\"{}\",\"pid\":{},\"tid\":{}", name,
                                         state_name(span.kind), own_id, process_, first_thread_ + span.lane);
    event(fmt::format("{},\"ph\":\"b\",\"ts\":{},\"args\":{}", head, micros(on_grid(span.from)), arguments(span)));
    event(fmt::format("{},\"ph\":\"e\",\"ts\":{}", head, micros(on_grid(span.to))));
  }

 private:
  void event(std::string_view members) { out_ << (std::exchange(is_first_, false) ? "\n{" : ",\n{") << members << '}'; }

  std::ostream& out_;
  bool is_first_ = true;
  std::size_t process_ = 0;
  std::size_t next_thread_;
  std::size_t first_thread_ = 0;
};

bool lies_within(const TraceSpan& inner, const TraceSpan& outer) {
  return inner.from >= outer.from && inner.to <= outer.to;
}

/// Where each lane is to be shown: workers of one kind in the order of their numbers, kinds in that of their first
/// ones. They are recorded in the order of their first tasks.
std::vector<std::size_t> places_of(const std::vector<TraceLane>& lanes) {
  struct Key {
    std::size_t kind, number, lane;
    auto operator<=>(const Key&) const = default;
  };
  std::unordered_map<std::string_view, std::size_t> kinds;
  std::vector<Key> keys;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const std::string_view name = lanes[i].name;
    const std::string_view kind = name.substr(0, name.find_last_not_of("0123456789") + 1);
    std::size_t number = 0;
    std::from_chars(name.data() + kind.size(), name.data() + name.size(), number);
    keys.push_back({kinds.try_emplace(kind, i).first->second, number, i});
  }
  std::ranges::sort(keys);
  std::vector<std::size_t> places(lanes.size());
  for (std::size_t place = 0; place < keys.size(); ++place) places[keys[place].lane] = place;
  return places;
}

void write_process(Writer& writer, std::string_view name, const std::vector<TraceSpan>& spans,
                   const std::vector<TraceLane>& lanes, std::size_t& scopes) {
  writer.process(name, lanes.size());
  const std::vector<std::size_t> places = places_of(lanes);
  for (std::size_t i = 0; i < lanes.size(); ++i) writer.lane(i, lanes[i], places[i]);
  std::unordered_map<std::uint64_t, const TraceSpan*> running;  // by task: the latest
  for (const TraceSpan& span : spans) {
    if (span.kind == TraceSpan::Kind::running) {
      running[span.task] = &span;
      writer.on_lane(span);
    } else if (span.kind != TraceSpan::Kind::scope) {
      writer.by_itself(span, fmt::format("\"{}\"", state_name(span.kind)), fmt::format("{:#x}", span.task));
    } else if (const auto run = running.find(span.task);
               span.task == 0 || (run != running.end() && lies_within(span, *run->second))) {
      TraceSpan there = span;
      if (span.task != 0) there.lane = run->second->lane;
      writer.on_lane(there);
    } else {  // beside others of the same task, maybe
      writer.by_itself(span, title(span), fmt::format("{:#x}.{}", span.task, ++scopes));
    }
  }
}

}  // namespace

void write_chrome_trace(std::ostream& out, const std::vector<TraceSpan>& spans, const std::vector<TraceLane>& lanes,
                        std::size_t dropped) {
  Writer writer(out, 1);
  std::size_t scopes = 0;
  writer.begin(dropped);
  write_process(writer, "overlap", spans, lanes, scopes);
  writer.end();
}

void write_chrome_trace(std::ostream& out, const std::vector<TraceProcess>& processes) {
  Writer writer(out, processes.size());
  std::size_t scopes = 0;
  std::size_t dropped = 0;
  for (const TraceProcess& process : processes) dropped += process.dropped;
  writer.begin(dropped);
  for (const TraceProcess& process : processes) {
    write_process(writer, process.name, process.spans, process.lanes, scopes);
  }
  writer.end();
}

void write_chrome_trace(std::ostream& out, TraceRecording& recording) {
  write_chrome_trace(out, recording.spans(), recording.lanes(), recording.dropped());
}

}  // namespace overlap
