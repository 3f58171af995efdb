// How a loop ends, step by step (the end of run() and run_until()):
//   1. What the loop was run for has ended.
//   2. It runs on until no task is left that is to be finished (Leftover): a worker thread is not free for other work.
//   3. Every task that is left is asked to cancel; tasks that these start meanwhile are asked too.
//   4. The loop runs on until the last has ended. Handlers of services, which are not tasks, stay with the context.

#include <overlap/async/loop.hpp>

#include <cxxabi.h>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <vector>

#include <overlap/async/detail/drive.hpp>
#include <overlap/async/detail/watched_executor.hpp>
#include <overlap/core/hook.hpp>

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

// ---- A started task

namespace detail {

void StartedTask::ended() {
  Loop& loop = door_->loop();
  has_ended_ = true;
  if (stop_ != nullptr) stop_->ignore(*this);  // from here no thread posts for this task any more
  const bool to_finish = leftover_ == Loop::Leftover::finish;
  const StartedPtr keep = StartedPtr::share(this);
  loop.unlink(*this);
  tell_end();
  if (to_finish && loop.told_finished_) loop.told_finished_();
}

void StartedTask::cancel() {
  if (has_ended_) return;
  asked_to_end_ = true;
  // terminal: what Asio's operations and its coroutines take as "end now" unless told otherwise.
  signal_.emit(boost::asio::cancellation_type::terminal);
}

void StartedTask::stop_requested() noexcept {
  // The signal belongs to the loop's thread.
  door_->post([self = StartedPtr::share(this)] { self->cancel(); });
}

namespace {

class StartedTaskThatTells final : public StartedTask {
 public:
  StartedTaskThatTells(std::shared_ptr<Loop::Door> door, StopRequest* stop, Loop::Leftover leftover, Loop::Ended ended)
      : StartedTask(std::move(door), stop, leftover), ended_(std::move(ended)) {}

 private:
  void tell_end() override { std::exchange(ended_, nullptr)(); }

  Loop::Ended ended_;
};

Loop::Entry run_and_end(boost::asio::awaitable<void> task, StartedPtr started) {
  try {
    co_await boost::asio::this_coro::throw_if_cancelled(false);  // to begin it is its own business
    co_await std::move(task);
  } catch (...) {
    std::terminate();  // tasks given to start() deliver their errors themselves
  }
  started->ended();
}

}  // namespace
}  // namespace detail

void Loop::Started::cancel() const {
  if (task_) task_->cancel();
}

// ---- The loop

Loop::Loop() : executor_(context_.get_executor()), keep_running_(boost::asio::make_work_guard(context_)) {}

Loop::~Loop() { door_->close(); }

Loop* Loop::current() noexcept { return current_loop; }

Loop& Loop::of_this_thread() {
  ThreadLoops& mine = thread_loops;
  while (mine.loops.size() <= mine.running) mine.loops.push_back(std::make_unique<Loop>());
  return *mine.loops[mine.running];
}

detail::StartedPtr Loop::prepare(detail::StopRequest* stop, Ended ended, Leftover leftover) {
  if (!ended) return detail::StartedPtr::adopt(new detail::StartedTask(door_, stop, leftover));
  return detail::StartedPtr::adopt(new detail::StartedTaskThatTells(door_, stop, leftover, std::move(ended)));
}

/// What Asio calls a thread of coroutines, before it begins.
struct Loop::Launch {
  void operator()() {
    boost::asio::detail::awaitable_thread<boost::asio::any_io_executor>(std::move(entry), executor, slot, state)
        .launch();
  }
  Entry entry;
  boost::asio::any_io_executor executor;
  boost::asio::cancellation_slot slot;
  boost::asio::cancellation_state state;
};

Loop::Started Loop::launch(const detail::StartedPtr& task, Entry entry, Begin begin) {
  const boost::asio::cancellation_slot slot = task->signal_.slot();
  const std::uint64_t traced = detail::trace_here();
  const boost::asio::any_io_executor executor =
      traced != 0 ? detail::WatchedExecutor(context_.get_executor(), *this, traced) : executor_;
  Launch launch{std::move(entry), executor, slot, boost::asio::cancellation_state(slot)};
  const bool now = begin == Begin::now && context_.get_executor().running_in_this_thread();
  if (!now) {
    auto later = [this, traced, launch = std::move(launch)]() mutable {
      const Turn turn(*this);
      const detail::TraceTurn traced_turn(traced);
      launch();
    };
    boost::asio::post(context_, std::move(later));
  }
  link(task);
  if (task->stop_ != nullptr) task->stop_->listen(*task);
  if (now) launch();
  return Started(task);
}

Loop::Started Loop::start(boost::asio::awaitable<void> task, detail::StopRequest* stop, Ended ended,
                          Leftover leftover) {
  detail::StartedPtr started = prepare(stop, std::move(ended), leftover);
  Entry entry = detail::run_and_end(std::move(task), started);
  return launch(started, std::move(entry), Begin::now);
}

void Loop::link(const detail::StartedPtr& task) noexcept {
  task->retain();
  if (task->leftover_ == Leftover::finish) ++to_finish_;
  task->next_ = first_;
  if (first_ != nullptr) first_->previous_ = task.get();
  first_ = task.get();
  ++tasks_;
}

void Loop::unlink(detail::StartedTask& task) noexcept {
  (task.previous_ != nullptr ? task.previous_->next_ : first_) = task.next_;
  if (task.next_ != nullptr) task.next_->previous_ = task.previous_;
  --tasks_;
  if (task.leftover_ == Leftover::finish) --to_finish_;
  task.release();
}

void Loop::watch(Duration limit, std::function<void(Duration)> report) {
  slow_ = limit;
  report_slow_ = std::move(report);
  executor_ = detail::WatchedExecutor(context_.get_executor(), *this, 0);
}

void Loop::turn_ends() noexcept {
  const TimePoint now = Clock::now();
  const Duration took = now - std::exchange(turn_began_, now);
  if (took >= slow_) report_slow_(took);
}

struct Loop::RunScope {
  explicit RunScope(Loop& loop)
      : outer(std::exchange(current_loop, &loop)), home(loop.home_, detail::CurrentHome::Kind::loop) {
    ThreadLoops& mine = thread_loops;
    own = mine.running < mine.loops.size() && mine.loops[mine.running].get() == &loop;
    if (own) ++mine.running;
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
  const detail::CurrentHome home;
};

__attribute__((no_sanitize("null"))) void Loop::run_one() {
  try {
    context_.run_one();
  } catch (abi::__forced_unwind&) {  // a function ends this thread
    throw;
  } catch (...) {
    detail::report_unhandled("event loop", std::current_exception());
  }
}

void Loop::run(const detail::StartedPtr& task, Entry entry) {
  const RunScope scope(*this);
  launch(task, std::move(entry), Begin::now);
  while (!task->has_ended()) run_one();
  finish_and_cancel();
}

void Loop::run_until(const std::function<bool()>& finished) {
  const RunScope scope(*this);
  while (!finished()) run_one();
  finish_and_cancel();
}

void Loop::finish_and_cancel() {
  if (tasks_ != 0) detail::RunningTask::goes_on();  // those to be cancelled take their time too
  while (to_finish_ != 0) run_one();
  cancel_all();
}

void Loop::cancel_all() {
  while (first_ != nullptr) {
    std::vector<detail::StartedPtr> left;
    for (auto* task = first_; task != nullptr; task = task->next_) left.push_back(detail::StartedPtr::share(task));
    for (const detail::StartedPtr& task : left) {
      if (!task->asked_to_end()) task->cancel();
    }
    left.clear();
    run_one();
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

namespace {

Loop& loop_for(RunMode mode) {
  Loop* const here = Loop::current();
  return mode != RunMode::to_completion && here != nullptr ? *here : Loop::of_this_thread();
}

}  // namespace

Driver::Driver(StopRequest* stop, RunMode mode)
    : loop_(loop_for(mode)),
      detached_(&loop_ == Loop::current()),
      begin_(mode == RunMode::from_a_task ? Loop::Begin::next_round : Loop::Begin::now),
      task_(loop_.prepare(stop, nullptr, detached_ ? Loop::Leftover::finish : Loop::Leftover::cancel)) {}

void Driver::drive(Loop::Entry entry) {
  if (!detached_) {
    loop_.run(task_, std::move(entry));
    return;
  }
  loop_.launch(task_, std::move(entry), begin_);
}

}  // namespace detail
}  // namespace overlap
