#pragma once
/// The engine of ProcessPoolExecutor.

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include <overlap/core/mutex.hpp>
#include <overlap/executors/process_pool_executor.hpp>

#include "executors/exit_registry.hpp"
#include "executors/process/helper_process.hpp"
#include "executors/process/job.hpp"
#include "executors/process/poller.hpp"

namespace overlap {

/// State under one lock, and one thread, the manager, that reads what workers and the helper say. Any thread may send:
/// a submitter gives its task to an idle worker itself. Callbacks run after the lock is let go; see Endings.
class ProcessPoolExecutor::Pool final : public detail::ExitRegistry::Entry,
                                        public std::enable_shared_from_this<ProcessPoolExecutor::Pool> {
 public:
  explicit Pool(Options options);
  /// To be called once, before anything else.
  void start();

  std::size_t max_workers() const noexcept { return max_workers_; }
  /// True in a child that this process forked: the pool's thread is not there, and its processes are another's.
  bool is_inherited() const noexcept;

  void enqueue(detail::TaskPtr task) OVERLAP_EXCLUDES(mutex_);
  void shutdown(ShutdownOptions options) OVERLAP_EXCLUDES(mutex_, join_mutex_);
  void shutdown_at_exit() override;
  /// The end of the executor, in the process that the pool belongs to.
  void destroy() OVERLAP_EXCLUDES(mutex_, join_mutex_);
  bool terminate(detail::TaskNode& node) OVERLAP_EXCLUDES(mutex_);
  void end_workers(int signal) OVERLAP_EXCLUDES(mutex_);
  std::vector<pid_t> worker_pids() OVERLAP_EXCLUDES(mutex_);

 private:
  enum class State : std::uint8_t {
    starting,  ///< asked for; not ready yet
    idle,      ///< waits for a task
    busy,      ///< has a task
    leaving,   ///< gets no more tasks: it retires, was told to end or killed, or is gone
  };
  static constexpr std::size_t kStates = 4;
  static constexpr std::uint64_t kHelperKey = 0;  // for the poller, beside the numbers of workers

  struct Worker {
    Worker(std::uint64_t number, detail::Channel way) : id(number), channel(std::move(way)) {}

    const std::uint64_t id;
    detail::Channel channel;
    pid_t pid = 0;  // 0 until it is ready
    State state = State::starting;
    bool wants_write = false;
    bool told_to_end = false;  // so its end is no failure
    detail::JobPtr job;        // what it runs
    detail::JobPtr condemned;  // what it ran when terminate() killed it: cancelled once it is gone
    bool at_end = false;       // nothing more to read; written by the manager alone
  };

  // pool.cpp: what any thread may do.
  void check_open() OVERLAP_REQUIRES(mutex_);
  detail::JobPtr make_job(detail::TaskPtr task, const detail::ShipTable& table);
  void join() OVERLAP_EXCLUDES(mutex_, join_mutex_);
  std::string text(const char* message) const;

  // dispatch.cpp: the state under the lock.
  /// Brings everything as far as it goes, after any change: tasks to idle workers, workers for tasks, the end.
  void advance(detail::Endings& endings) OVERLAP_REQUIRES(mutex_);
  void drop_cancelled(detail::Endings& endings) OVERLAP_REQUIRES(mutex_);
  void give(Worker& worker, detail::JobPtr job) OVERLAP_REQUIRES(mutex_);
  void start_worker(detail::Endings& endings) OVERLAP_REQUIRES(mutex_);
  void cannot_start(const std::string& why, detail::Endings& endings) OVERLAP_REQUIRES(mutex_);
  void break_pool(const std::string& why, detail::Endings& endings) OVERLAP_REQUIRES(mutex_);
  void set_state(Worker& worker, State state) OVERLAP_REQUIRES(mutex_);
  void dismiss(Worker& worker) OVERLAP_REQUIRES(mutex_);
  void kill(Worker& worker, int signal) OVERLAP_REQUIRES(mutex_);
  void watch_writes(Worker& worker) OVERLAP_REQUIRES(mutex_);
  void watch_helper_writes() OVERLAP_REQUIRES(mutex_);
  void remove(Worker& worker) OVERLAP_REQUIRES(mutex_);
  std::size_t count(State state) const OVERLAP_REQUIRES(mutex_);
  std::size_t live() const OVERLAP_REQUIRES(mutex_);  // workers that may get a task, now or when ready
  bool ended() const OVERLAP_REQUIRES(mutex_);

  // manager.cpp: the manager thread's.
  void run() OVERLAP_EXCLUDES(mutex_);
  bool has_ended() OVERLAP_EXCLUDES(mutex_);
  std::vector<detail::HelperReport> take_refused() OVERLAP_EXCLUDES(mutex_);
  void on_event(const detail::Poller::Event& event) OVERLAP_EXCLUDES(mutex_);
  Worker* find(std::uint64_t id) OVERLAP_EXCLUDES(mutex_);
  void send_more(Worker& worker) OVERLAP_EXCLUDES(mutex_);
  bool read(Worker& worker) OVERLAP_EXCLUDES(mutex_);
  void on_end_of_file(Worker& worker) OVERLAP_EXCLUDES(mutex_);
  void on_frame(Worker& worker, const detail::Frame& frame) OVERLAP_EXCLUDES(mutex_);
  void on_ready(Worker& worker, pid_t pid) OVERLAP_EXCLUDES(mutex_);
  void on_outcome(Worker& worker, const detail::Frame& frame) OVERLAP_EXCLUDES(mutex_);
  void on_helper_event(const detail::Poller::Event& event) OVERLAP_EXCLUDES(mutex_);
  void on_report(const detail::HelperReport& report) OVERLAP_EXCLUDES(mutex_);
  void on_death(Worker& worker, pid_t pid, int status) OVERLAP_EXCLUDES(mutex_);
  void settle(detail::JobPtr job, bool begun, const std::string& how, detail::Endings& endings)
      OVERLAP_REQUIRES(mutex_);
  void on_helper_death() OVERLAP_EXCLUDES(mutex_);

  const Options options_;
  const std::size_t max_workers_;
  const pid_t owner_;  // the process that this pool belongs to

  detail::Poller poller_;
  detail::HelperProcess helper_;  // its sending half is guarded by mutex_

  detail::Mutex mutex_;
  std::deque<detail::JobPtr> queue_ OVERLAP_GUARDED_BY(mutex_);
  // Inserted under the lock by any thread; removed by the manager alone, which so may use a Worker outside the lock.
  std::unordered_map<std::uint64_t, std::unique_ptr<Worker>> workers_ OVERLAP_GUARDED_BY(mutex_);
  std::vector<Worker*> idle_ OVERLAP_GUARDED_BY(mutex_);  // the last one to become idle is the next to get work
  std::array<std::size_t, kStates> count_ OVERLAP_GUARDED_BY(mutex_){};
  std::uint64_t next_worker_ OVERLAP_GUARDED_BY(mutex_) = 1;
  std::uint64_t next_task_ OVERLAP_GUARDED_BY(mutex_) = 1;
  bool closing_ OVERLAP_GUARDED_BY(mutex_) = false;
  bool workers_ended_ OVERLAP_GUARDED_BY(mutex_) = false;  // by terminate_workers() or kill_workers()
  std::optional<std::string> broken_ OVERLAP_GUARDED_BY(mutex_);
  bool helper_wants_write_ OVERLAP_GUARDED_BY(mutex_) = false;
  bool cannot_grow_ OVERLAP_GUARDED_BY(mutex_) = false;    // a worker could not be started, and none has gone since
  unsigned failed_starts_ OVERLAP_GUARDED_BY(mutex_) = 0;  // workers in a row that died before they were ready
  std::thread thread_ OVERLAP_GUARDED_BY(mutex_);
  detail::Mutex join_mutex_;

  // The manager's alone.
  std::vector<char> scratch_;
  std::vector<detail::Frame> frames_;
  bool helper_gone_ = false;
};

}  // namespace overlap
