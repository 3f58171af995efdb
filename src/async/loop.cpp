// How a loop ends, step by step (the end of run() and run_until()):
//   1. What the loop was run for has ended.
//   2. It runs on until no task is left that is to be finished (Leftover): a worker thread is not free for other work.
//   3. Every task that is left is asked to cancel; tasks that these start meanwhile are asked too.
//   4. The loop runs on until the last has ended. Handlers of services, which are not tasks, stay with the context.

#include <overlap/async/loop.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <optional>
#include <vector>

#include <overlap/async/detail/drive.hpp>
#include <overlap/async/detail/watched_executor.hpp>

namespace overlap {
namespace {

thread_local Loop* current_loop = nullptr;

/// The loops of a thread: the first for ordinary tasks, further ones for tasks that are run, blocked, inside others.
struct ThreadLoops {
  std::vector<std::unique_ptr<Loop>> loops;
  std::size_t running = 0;
};
thread_local ThreadLoops thread_loops;

}  // namespace

struct Loop::Started::Record {
  explicit Record(Loop& owner) : loop(owner) {}

  void cancel() {
    asked_to_end = true;
    // terminal: what Asio's operations and its coroutines take as "end now" unless told otherwise.
    signal.emit(boost::asio::cancellation_type::terminal);
  }

  struct OnStop {
    // Called by whatever thread asks; the signal belongs to the loop's thread.
    void operator()() const {
      door->post([weak = record] {
        if (const auto alive = weak.lock()) alive->cancel();
      });
    }
    std::shared_ptr<Door> door;
    std::weak_ptr<Record> record;
  };

  Loop& loop;
  boost::asio::cancellation_signal signal;
  std::optional<std::stop_callback<OnStop>> on_stop;
  Ended ended;
  Leftover leftover = Leftover::cancel;
  bool asked_to_end = false;
  bool has_ended = false;
  std::shared_ptr<Record> next;
  Record* previous = nullptr;
};

void Loop::Started::cancel() const {
  if (const auto record = record_.lock()) record->cancel();
}

Loop::Loop() : keep_running_(boost::asio::make_work_guard(context_)) {}

Loop::~Loop() { door_->close(); }

Loop* Loop::current() noexcept { return current_loop; }

Loop& Loop::of_this_thread() {
  ThreadLoops& mine = thread_loops;
  while (mine.loops.size() <= mine.running) mine.loops.push_back(std::make_unique<Loop>());
  return *mine.loops[mine.running];
}

Loop::Started Loop::start(boost::asio::awaitable<void> task, std::stop_token stop, Ended ended, Leftover leftover) {
  const auto record = std::make_shared<Started::Record>(*this);
  record->ended = std::move(ended);
  record->leftover = leftover;
  if (leftover == Leftover::finish) ++to_finish_;
  record->next = std::move(first_);
  if (record->next) record->next->previous = record.get();
  first_ = record;
  ++tasks_;

  auto on_end = [this, raw = record.get()](std::exception_ptr error) {
    if (error) std::terminate();  // tasks given to start() deliver their errors themselves
    const std::shared_ptr<Started::Record> ending =
        raw->previous != nullptr ? std::move(raw->previous->next) : std::move(first_);
    if (ending->next) ending->next->previous = ending->previous;
    (ending->previous != nullptr ? ending->previous->next : first_) = std::move(ending->next);
    --tasks_;
    if (ending->leftover == Leftover::finish) --to_finish_;
    ending->has_ended = true;
    ending->on_stop.reset();  // from here no thread posts for this task any more
    if (ending->ended) ending->ended();
  };
  auto handler = boost::asio::bind_cancellation_slot(record->signal.slot(), std::move(on_end));
  if (report_slow_ || detail::trace_on()) {
    const detail::WatchedExecutor executor(context_.get_executor(), *this, detail::trace_here());
    boost::asio::co_spawn(executor, std::move(task), std::move(handler));
  } else {
    boost::asio::co_spawn(context_, std::move(task), std::move(handler));
  }
  if (stop.stop_possible() && !record->has_ended) record->on_stop.emplace(stop, Started::Record::OnStop{door_, record});
  return Started(record);
}

void Loop::watch(Duration limit, std::function<void(Duration)> report) {
  slow_ = limit;
  report_slow_ = std::move(report);
}

void Loop::turn_ends() noexcept {
  const Duration took = Clock::now() - turn_began_;
  if (took >= slow_) report_slow_(took);
}

struct Loop::RunScope {
  explicit RunScope(Loop& loop) : outer(std::exchange(current_loop, &loop)) {
    ThreadLoops& mine = thread_loops;
    own = mine.running < mine.loops.size() && mine.loops[mine.running].get() == &loop;
    if (own) ++mine.running;
    if (detail::CurrentHome::kind() == detail::CurrentHome::Kind::none) {
      home.emplace(&loop, detail::CurrentHome::Kind::loop);  // a thread that is no executor's
    }
  }
  ~RunScope() {
    if (own) --thread_loops.running;
    current_loop = outer;
  }
  RunScope(const RunScope&) = delete;
  RunScope& operator=(const RunScope&) = delete;

  Loop* const outer;
  bool own;
  const detail::TracePause pause;
  std::optional<detail::CurrentHome> home;
};

void Loop::run(boost::asio::awaitable<void> task, std::stop_token stop) {
  const RunScope scope(*this);
  bool done = false;
  start(std::move(task), std::move(stop), [&done] { done = true; });
  while (!done) context_.run_one();
  finish_and_cancel();
}

void Loop::run_until(const std::function<bool()>& finished) {
  const RunScope scope(*this);
  while (!finished()) context_.run_one();
  finish_and_cancel();
}

void Loop::finish_and_cancel() {
  if (tasks_ != 0) detail::RunningTask::goes_on();  // those to be cancelled take their time too
  while (to_finish_ != 0) context_.run_one();
  cancel_all();
}

void Loop::cancel_all() {
  while (first_) {
    std::vector<std::shared_ptr<Started::Record>> left;
    for (auto record = first_; record; record = record->next) left.push_back(record);
    for (const auto& record : left) {
      if (!record->asked_to_end) record->cancel();
    }
    left.clear();
    context_.run_one();
  }
}

namespace detail {

bool ended_by_cancel(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError&) {
    return true;
  } catch (const boost::system::system_error& caught) {
    return caught.code() == boost::asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

void run_on_fresh_loop(boost::asio::awaitable<void> task) {
  Loop loop;
  loop.run(std::move(task));
}

namespace {

/// In the loop's next round, from the loop itself: tasks that start each other and wait do not grow the stack.
boost::asio::awaitable<void> begin_later(boost::asio::awaitable<void> task) {
  co_await boost::asio::post(boost::asio::deferred);
  co_await std::move(task);
}

}  // namespace

void drive_task(boost::asio::awaitable<void> task, std::stop_token stop, RunMode mode) {
  Loop* const here = Loop::current();
  if (mode == RunMode::may_detach && here != nullptr) {
    // A pool's worker comes here from within another task, which awaits this one.
    if (CurrentHome::kind() == CurrentHome::Kind::pool) task = begin_later(std::move(task));
    here->start(std::move(task), std::move(stop), nullptr, Loop::Leftover::finish);
  } else {
    Loop::of_this_thread().run(std::move(task), std::move(stop));
  }
}

}  // namespace detail
}  // namespace overlap
