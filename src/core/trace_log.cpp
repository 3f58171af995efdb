#include "core/trace_log.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <overlap/core/trace.hpp>

#include "core/trace_clock.hpp"

namespace overlap {
namespace detail {

constinit std::atomic<std::uint32_t> trace_epoch{0};

namespace {

std::atomic<std::uint64_t> next_number{1};
constexpr std::uint64_t kNumbersAtATime = 1024;
constexpr std::size_t kLongestName = 20 * sizeof(TraceRecord);

/// What a thread needs in order to record. Never destroyed, so that the end of a thread may still be recorded.
struct ThisThread {
  std::uint32_t epoch = 0;  // the recording that it takes part in, or did
  std::uint32_t count = TraceChunk::kRecords;
  TraceChunk* chunk = nullptr;
  std::uint64_t task = 0;     // whose code it runs
  std::uint64_t paused = 0;   // for which it runs a loop
  std::uint64_t ended = 0;    // the last that ended here
  std::uint64_t awaited = 0;  // what that task is going to wait for
  std::uint64_t place = 0;    // where tasks run that it starts
  std::uint64_t home = 0;     // the same without visits
  std::uint64_t next_number = 0;
  std::uint64_t numbers_end = 0;
  std::uint32_t number = 0;  // in the recording
  bool has_ended = false;
};
constinit thread_local ThisThread this_thread;

/// Keeps the memory that the thread writes into.
struct Membership {
  ~Membership() { this_thread.has_ended = true; }
  std::shared_ptr<TraceMemory> memory;
};
thread_local Membership membership;

bool join(ThisThread& me, std::uint32_t epoch) noexcept {
  try {
    membership.memory = TraceLog::get().join(epoch, me.number);
  } catch (const std::bad_alloc&) {
    TraceLog::get().count_lost();
    membership.memory = nullptr;
  }
  me.chunk = nullptr;
  me.count = TraceChunk::kRecords;
  me.epoch = membership.memory ? epoch : 0;
  return me.epoch != 0;
}

/// Sees to it that the thread has a chunk with room for so many records, for that recording. False if it cannot.
bool make_room(ThisThread& me, std::uint32_t epoch, std::uint32_t records) noexcept {
  if (epoch == 0) return false;
  if (me.has_ended) {
    TraceLog::get().count_lost();
    return false;
  }
  if (me.epoch != epoch && !join(me, epoch)) return false;
  if (TraceChunk::kRecords - me.count >= records) return true;
  TraceChunk* const chunk = membership.memory->take();
  if (chunk == nullptr) {
    me.count = TraceChunk::kRecords;
    membership.memory->count_dropped();
    return false;
  }
  chunk->thread = me.number;
  chunk->place = me.home;
  me.chunk = chunk;
  me.count = 0;
  return true;
}

/// Never without a recording: a thread that is in none has no room.
bool has_room(const ThisThread& me, std::uint32_t epoch, std::uint32_t records) noexcept {
  return me.epoch == epoch && TraceChunk::kRecords - me.count >= records;
}

/// release: pairs with the acquire of who reads the recording, and sees the records and the chunk's head.
void publish(ThisThread& me, std::uint32_t records) noexcept {
  me.count += records;
  me.chunk->count.store(me.count, std::memory_order_release);
}

void write(ThisThread& me, std::uint64_t ticks, TracePoint point, std::uint64_t task, std::uint64_t value) noexcept {
  const std::uint32_t epoch = trace_epoch.load(std::memory_order_relaxed);
  if (!has_room(me, epoch, 1)) [[unlikely]] {
    if (!make_room(me, epoch, 1)) return;
  }
  me.chunk->records[me.count] = {ticks, TraceRecord::pack(point, task), value};
  publish(me, 1);
}

}  // namespace

void trace(TracePoint point, std::uint64_t task, std::uint64_t value) noexcept {
  write(this_thread, TraceClock::now(), point, task, value);
}

void trace_name(std::uint64_t task, std::string_view name) noexcept {
  if (task == 0) return;
  ThisThread& me = this_thread;
  const std::size_t size = std::min(name.size(), kLongestName);
  const std::uint32_t records = 1 + TraceRecord::count_for(size);
  const std::uint32_t epoch = trace_epoch.load(std::memory_order_relaxed);
  if (!has_room(me, epoch, records) && !make_room(me, epoch, records)) return;
  TraceRecord* const to = &me.chunk->records[me.count];
  *to = {TraceClock::now(), TraceRecord::pack(TracePoint::named, task), size};
  std::memcpy(to + 1, name.data(), size);
  publish(me, records);
}

std::uint64_t trace_current_task() noexcept { return this_thread.task != 0 ? this_thread.task : this_thread.paused; }

void trace_awaits(std::uint64_t other) noexcept { this_thread.awaited = other; }

std::uint64_t TraceIdentity::assign() noexcept {
  ThisThread& me = this_thread;
  if (me.next_number == me.numbers_end) {
    me.next_number = next_number.fetch_add(kNumbersAtATime, std::memory_order_relaxed);
    me.numbers_end = me.next_number + kNumbersAtATime;
  }
  std::uint64_t number = 0;  // another thread may be first
  return number_.compare_exchange_strong(number, me.next_number, std::memory_order_relaxed) ? me.next_number++ : number;
}

void trace_submitted(TraceIdentity& task) noexcept { trace(TracePoint::submitted, task.get()); }

void trace_started(TraceIdentity& task) noexcept { trace(TracePoint::started, task.get(), this_thread.place); }

void trace_started_elsewhere(TraceIdentity& task, TracePlace place, std::uint64_t when) noexcept {
  write(this_thread, when, TracePoint::started_elsewhere, task.get(), place.bits());
}

void trace_ended(TraceIdentity& task, TracePoint how) noexcept {
  const std::uint64_t number = task.get();
  trace(how, number);
  ThisThread& me = this_thread;
  if (me.task == number) me.task = 0;  // what follows is no part of it
  me.ended = number;
}

// ---- Places

TraceExecutor::TraceExecutor(std::string_view name) : name_(TraceLog::get().number_of(name)) {
  static std::atomic<std::uint32_t> instances{0};
  instance_ = instances.fetch_add(1, std::memory_order_relaxed);
}

void trace_this_thread_is(TracePlace place) noexcept { this_thread.place = this_thread.home = place.bits(); }

void TraceVisit::begin(const TraceExecutor& executor) noexcept {
  ThisThread& me = this_thread;
  const std::uint32_t epoch = trace_epoch.load(std::memory_order_relaxed);
  if (!has_room(me, epoch, 1) && !make_room(me, epoch, 1)) return;  // its number is wanted
  active_ = true;
  outer_ = TracePlace(std::exchange(me.place, executor.worker(me.number).bits()));
}

void TraceVisit::end() noexcept { this_thread.place = outer_.bits(); }

// ---- Turns

void TraceTurn::begin(std::uint64_t task, Begin how) noexcept {
  ThisThread& me = this_thread;
  if (me.task == task) return;
  task_ = task;
  outer_ = me.task;
  says_all_ = how != Begin::unsaid;
  if (says_all_) {
    if (outer_ != 0) trace(TracePoint::waiting, outer_, task);
    if (how == Begin::resumed) trace(TracePoint::resumed, task);
  }
  me.task = task;
  me.awaited = 0;
}

void TraceTurn::end() noexcept {
  ThisThread& me = this_thread;
  if (says_all_) {
    if (me.task == task_) trace(TracePoint::waiting, task_, me.awaited);
    if (outer_ != 0) trace(TracePoint::resumed, outer_);
  }
  me.task = outer_;
  me.awaited = 0;
}

void TraceBlock::begin(TraceIdentity* awaited) noexcept {
  task_ = this_thread.task;
  if (task_ != 0) trace(TracePoint::waiting, task_, awaited != nullptr ? awaited->get() : 0);
}

void TracePause::begin() noexcept {
  ThisThread& me = this_thread;
  task_ = std::exchange(me.task, 0);
  if (task_ == 0) return;
  outer_ = std::exchange(me.paused, task_);
  trace(TracePoint::waiting, task_);
}

void TracePause::end() noexcept {
  ThisThread& me = this_thread;
  me.paused = outer_;
  if (me.ended == task_) return;
  trace(TracePoint::resumed, task_);
  me.task = task_;
}

// ---- The log

TraceLog& TraceLog::get() noexcept {
  static TraceLog* const log = new TraceLog;  // never destroyed: threads may record while the program exits
  return *log;
}

void TraceLog::begin(std::shared_ptr<TraceMemory> memory) {
  const MutexLock lock(mutex_);
  if (memory_) throw std::logic_error("overlap::TraceRecording: another one is on: stop it first");
  memory_ = std::move(memory);
  threads_.clear();
  lost_.store(0, std::memory_order_relaxed);
  if (++last_epoch_ == 0) last_epoch_ = 1;
  trace_epoch.store(last_epoch_, std::memory_order_relaxed);
}

std::vector<TraceLog::Thread> TraceLog::end() noexcept {
  const MutexLock lock(mutex_);
  trace_epoch.store(0, std::memory_order_relaxed);
  memory_ = nullptr;
  return std::exchange(threads_, {});
}

std::shared_ptr<TraceMemory> TraceLog::join(std::uint32_t epoch, std::uint32_t& number) {
  Thread thread{.name = std::string(15, '\0'), .id = ::gettid()};
  if (::pthread_getname_np(::pthread_self(), thread.name.data(), 16) != 0) thread.name.clear();
  thread.name.resize(std::strlen(thread.name.c_str()));
  const MutexLock lock(mutex_);
  if (!memory_ || epoch != last_epoch_) return nullptr;
  threads_.push_back(std::move(thread));
  number = static_cast<std::uint32_t>(threads_.size());
  return memory_;
}

std::uint32_t TraceLog::number_of(std::string_view name) {
  const MutexLock lock(mutex_);
  const auto found = names_.find(name);
  if (found != names_.end()) return found->second;
  return names_.emplace(name, static_cast<std::uint32_t>(names_.size() + 1)).first->second;
}

std::string TraceLog::name_of(std::uint32_t number) {
  const MutexLock lock(mutex_);
  const auto found = std::ranges::find(names_, number, [](const auto& entry) { return entry.second; });
  return found != names_.end() ? found->first : std::string();
}

}  // namespace detail

void TraceScope::begin(TraceLabel label) noexcept {
  task_ = detail::this_thread.task;
  began_ = detail::TraceClock::now();
  detail::write(detail::this_thread, began_, detail::TracePoint::scope_began, task_,
                reinterpret_cast<std::uintptr_t>(label.text()));
}

void TraceScope::finish() noexcept { detail::trace(detail::TracePoint::scope_ended, task_, std::exchange(began_, 0)); }

}  // namespace overlap
