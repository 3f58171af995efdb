#include <overlap/core/trace.hpp>

#include <unistd.h>

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

#include <overlap/core/detail/trace_lives.hpp>

#include "core/trace_clock.hpp"
#include "core/trace_log.hpp"

namespace overlap {

using detail::TraceChunk;
using detail::TraceLog;
using detail::TraceMemory;
using detail::TraceMoment;
using detail::TracePlace;
using detail::TracePoint;
using detail::TraceRecord;
using detail::TraceTimescale;

namespace {

/// Numbers the places where something was recorded, as they come, and names them.
class LaneTable {
 public:
  explicit LaneTable(std::vector<TraceLog::Thread> threads) : threads_(std::move(threads)) {}

  std::uint32_t index_of(TracePlace place, std::uint32_t thread) {
    if (place.name() == 0) place = TracePlace(0, 0, thread);
    const auto [entry, is_new] = indices_.emplace(place.bits(), static_cast<std::uint32_t>(lanes_.size()));
    if (is_new) lanes_.push_back(make_lane(place));
    return entry->second;
  }

  std::vector<TraceLane> take() { return std::move(lanes_); }

 private:
  TraceLane make_lane(TracePlace place) {
    if (place.name() != 0) {
      const std::string executor = TraceLog::get().name_of(place.name());
      return {unique(fmt::format("{} {}", executor, place.worker())), executor, place.worker()};
    }
    const TraceLog::Thread& thread = threads_.at(place.worker() - 1);
    const bool is_main = thread.id == ::getpid();
    return {unique(is_main ? "main thread" : thread.name), {}, place.worker()};
  }

  std::string unique(const std::string& name) {
    std::string candidate = name;
    for (int n = 2; !names_.insert(candidate).second; ++n) candidate = fmt::format("{} ({})", name, n);
    return candidate;
  }

  const std::vector<TraceLog::Thread> threads_;
  std::map<std::uint64_t, std::uint32_t> indices_;
  std::set<std::string> names_;
  std::vector<TraceLane> lanes_;
};

/// The event of one record; `rest` is what follows it.
TraceEvent decode(const TraceRecord& record, const TraceRecord* rest) {
  // In the order of TracePoint.
  static constexpr TraceEvent::Kind kKinds[] = {
      TraceEvent::Kind::submitted,   TraceEvent::Kind::started,     TraceEvent::Kind::started,
      TraceEvent::Kind::waiting,     TraceEvent::Kind::resumed,     TraceEvent::Kind::finished,
      TraceEvent::Kind::failed,      TraceEvent::Kind::cancelled,   TraceEvent::Kind::named,
      TraceEvent::Kind::scope_began, TraceEvent::Kind::scope_ended,
  };
  TraceEvent event{.kind = kKinds[static_cast<std::size_t>(record.point())], .task = record.task()};
  switch (record.point()) {
    case TracePoint::waiting:
      event.other = record.value;
      break;
    case TracePoint::named:
      event.name = {reinterpret_cast<const char*>(rest), record.value};
      break;
    case TracePoint::scope_began:
      event.scope = record.ticks;
      event.name = reinterpret_cast<const char*>(record.value);
      break;
    case TracePoint::scope_ended:
      event.scope = record.value;
      break;
    default:
      break;
  }
  return event;
}

/// Reads what the threads have written until it was stopped.
class Reader {
 public:
  Reader(const TraceTimescale& scale, LaneTable& lanes) : scale_(scale), lanes_(lanes) {}

  /// In the order in which the chunks were taken: so each thread's events are in its own order.
  void read(const TraceChunk& chunk) {
    const std::uint32_t count = chunk.count.load(std::memory_order_acquire);
    if (count == 0) return;  // taken, and nothing written
    const std::uint32_t lane = lanes_.index_of(TracePlace(chunk.place), chunk.thread);
    std::uint64_t& latest = latest_[chunk.thread];
    for (std::uint32_t i = 0; i < count; ++i) {
      const TraceRecord& record = chunk.records[i];
      TraceEvent event = decode(record, &record + 1);
      const bool is_start = event.kind == TraceEvent::Kind::started;
      event.lane = is_start ? lanes_.index_of(TracePlace(record.value), chunk.thread) : lane;
      // A thread's clock does not go back, but for what it records of another's.
      if (record.point() != TracePoint::started_elsewhere) latest = std::max(latest, record.ticks);
      event.at = scale_.since_begin(record.point() == TracePoint::started_elsewhere ? record.ticks : latest);
      events.push_back(event);
      if (record.point() == TracePoint::named) i += TraceRecord::count_for(record.value);
    }
  }

  std::vector<TraceEvent> events;

 private:
  const TraceTimescale& scale_;
  LaneTable& lanes_;
  std::map<std::uint32_t, std::uint64_t> latest_;  // by thread
};

}  // namespace

struct TraceRecording::State {
  explicit State(const Options& options) : memory(std::make_shared<TraceMemory>(options.max_events)) {
    begin = TraceMoment::now();
    TraceLog::get().begin(memory);
  }

  void stop() noexcept {
    if (end) return;
    threads = TraceLog::get().end();
    end = TraceMoment::now();
    lost = TraceLog::get().lost();
  }

  void read() {
    stop();
    if (events) return;
    const TraceTimescale scale(begin, *end);
    LaneTable table(threads);
    Reader reader(scale, table);
    for (std::size_t i = 0; i < memory->taken(); ++i) reader.read(memory->chunk(i));
    detail::put_lives_in_order(reader.events);
    events = std::move(reader.events);
    lanes = table.take();
  }

  const std::shared_ptr<TraceMemory> memory;  // threads keep it too
  TraceMoment begin;
  std::optional<TraceMoment> end;  // once stopped
  std::vector<TraceLog::Thread> threads;
  std::size_t lost = 0;
  std::optional<std::vector<TraceEvent>> events;  // once read
  std::vector<TraceLane> lanes;
};

TraceRecording::TraceRecording(Options options) : state_(std::make_unique<State>(options)) {}

TraceRecording::~TraceRecording() {
  stop();
  state_->memory->forget();
}

void TraceRecording::stop() noexcept { state_->stop(); }

const std::vector<TraceEvent>& TraceRecording::events() {
  state_->read();
  return *state_->events;
}

std::vector<TraceSpan> TraceRecording::spans() { return make_trace_spans(events(), duration()); }

const std::vector<TraceLane>& TraceRecording::lanes() {
  state_->read();
  return state_->lanes;
}

Duration TraceRecording::duration() {
  stop();
  return TraceTimescale(state_->begin, *state_->end).length();
}

std::size_t TraceRecording::dropped() {
  stop();
  return state_->memory->dropped() + state_->lost;
}

}  // namespace overlap
