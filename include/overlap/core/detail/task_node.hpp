#pragma once
/// The shared state behind a Future: one reference-counted node a task, which holds the state word, the callable, the
/// result and what waits for it.
///
/// States: PENDING -> RUNNING -> FINISHED or CANCELLED, or PENDING -> CANCELLED. Every step is one compare-and-swap on
/// the state word, so exactly one of start, cancel and shutdown wins. The models in tests/model go through every
/// interleaving of these steps; what they take for granted is at the head of task_node.cpp.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include <overlap/core/detail/node_memory.hpp>
#include <overlap/core/detail/trace_point.hpp>
#include <overlap/core/time.hpp>

namespace overlap::detail {

class CurrentHome;
class TaskNode;
struct ShipTable;

/// What a future does when it is done: one link in its node's list. Fired once, under no lock, or removed before.
class Continuation {
 public:
  /// Waiters are fired before callbacks, each kind in the order of addition.
  enum class Kind : std::uint8_t { waiter, callback };

  explicit Continuation(Kind kind) noexcept : kind_(kind) {}
  virtual ~Continuation() = default;
  Continuation(const Continuation&) = delete;
  Continuation& operator=(const Continuation&) = delete;

  /// The node is done. Called on the completing thread; may delete *this.
  virtual void fire(TaskNode& node) noexcept = 0;

 private:
  friend class TaskNode;
  Continuation* previous_ = nullptr;
  Continuation* next_ = nullptr;
  const Kind kind_;
  bool linked_ = false;
};

/// A wait that never ends is none with a limit.
inline bool has_time_limit(std::optional<TimePoint> deadline) noexcept {
  return deadline && *deadline != TimePoint::max();
}

/// How long a free worker has to come for a task that somebody waits for, before a thread is started for it.
inline constexpr Duration kPatience = std::chrono::milliseconds(1);

/// How far run() takes a coroutine.
enum class RunMode : std::uint8_t {
  to_completion,  ///< run() returns when the task is done: the calling thread drives it
  may_detach,     ///< run() may leave a coroutine suspended on the loop that runs on this thread
  from_a_task,    ///< the same, called within a task of that loop: the coroutine begins in the loop's next round
};

class TaskNode {
 public:
  enum Phase : std::uint32_t { pending = 0, running = 1, finished = 2, cancelled = 3 };

  TaskNode() noexcept = default;
  TaskNode(const TaskNode&) = delete;
  TaskNode& operator=(const TaskNode&) = delete;

  static void* operator new(std::size_t size) { return NodeMemory::allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { NodeMemory::release(memory, size); }
  // A callable may ask for more alignment than is usual.
  static void* operator new(std::size_t size, std::align_val_t alignment) { return ::operator new(size, alignment); }
  static void operator delete(void* memory, std::size_t size, std::align_val_t alignment) noexcept {
    ::operator delete(memory, size, alignment);
  }

  /// For a node that no other thread knows of yet.
  void retain_unshared() noexcept {
    references_.store(references_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  /// Pairs its release with the acquire of the last one out, which deletes. Who sees that it is the only one left needs
  /// no atomic step: nobody else can come to a reference any more.
  void release() noexcept {
    if (references_.load(std::memory_order_acquire) == 1 || references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete this;
    }
  }

  Phase phase() const noexcept { return static_cast<Phase>(word_.load(std::memory_order_acquire) & kPhaseMask); }
  bool done() const noexcept { return phase() >= finished; }

  /// PENDING -> RUNNING. The one that gets true must call run(), or finish the node in another way.
  bool try_start() noexcept;
  /// The same for a task that begins later, elsewhere: who learns of that tells the trace.
  bool try_claim() noexcept {
    std::uint32_t word = word_.load(std::memory_order_relaxed);
    while ((word & kPhaseMask) == pending) {
      // acquire: pairs with the release by which the submitter handed the node over, when a helper claims it unqueued.
      if (word_.compare_exchange_weak(word, (word & ~kPhaseMask) | running, std::memory_order_acq_rel)) return true;
    }
    return false;
  }
  /// PENDING -> CANCELLED. True also when it was cancelled already.
  bool try_cancel() noexcept;
  /// PENDING -> FINISHED with an error, for an engine that died. False if it had started or was done.
  bool try_fail(std::exception_ptr error) noexcept;

  /// Runs the callable; needs a successful try_start(), and a reference that the caller holds until it returns. Throws
  /// nothing but the forced unwinding of a thread that ends.
  void run(RunMode mode) {
    if (trace_on()) [[unlikely]] {
      run_traced(mode);
    } else {
      do_run(mode);
    }
  }
  /// RUNNING -> FINISHED with an error; the callable is destroyed first.
  void fail(std::exception_ptr error) noexcept;
  /// RUNNING -> CANCELLED, for a task that ended because it was asked to.
  void finish_cancelled() noexcept;

  /// Asks a running task to stop; a task that has not started is cancelled by try_cancel() instead.
  virtual void request_stop() noexcept {}

  /// How the call crosses a process boundary; null when it cannot, with the reason in why_not_shippable().
  virtual const ShipTable* ship_table() const noexcept { return nullptr; }
  virtual const char* why_not_shippable() const noexcept { return "it was made without a shippable callable"; }

  std::exception_ptr error() const noexcept { return error_; }

  /// Blocks until done or past the deadline (absent: for ever). A result that is there at the deadline wins.
  bool wait(std::optional<TimePoint> deadline) noexcept;
  /// As wait(), but sees to it that a worker does not wait for a task of its own pool that has not started: it runs
  /// that very task itself, or, when there is a deadline, has another thread run it. Throws WouldDeadlock when only
  /// this thread could bring the task on, which waits.
  bool help_or_wait(std::optional<TimePoint> deadline);

  /// Links a continuation; false if the node is done already (nothing was linked).
  bool add(Continuation& continuation) noexcept;
  /// Unlinks it; false if it was fired or is about to be.
  bool remove(Continuation& continuation) noexcept;

  /// Who runs this task: the engine that it was given to, or the loop on which it was begun. Compared with those that
  /// the current thread works for.
  void set_home(const void* home) noexcept { home_.store(home, std::memory_order_relaxed); }
  /// It runs in another process: to look for its end, instead of sleeping, keeps a CPU from those who bring it about.
  void set_far() noexcept { is_far_ = true; }
  const void* home() const noexcept { return home_.load(std::memory_order_relaxed); }

  TraceIdentity& trace_identity() noexcept { return trace_identity_; }

  TaskNode* next_in_queue = nullptr;  ///< for the intrusive queue of the executor that holds it

 protected:
  virtual ~TaskNode() = default;
  virtual void do_run(RunMode mode) = 0;
  /// Destroys the callable and its arguments; called exactly once: before the node is done, or, when it is cancelled
  /// before it started, just after, and then before anybody is woken or called back.
  virtual void drop_call() noexcept = 0;

  /// RUNNING -> `end`: publishes what was stored before, wakes waiters, then runs callbacks.
  void publish(Phase end) noexcept;

  std::exception_ptr error_;  // written before the state word says FINISHED, read only after

 private:
  static constexpr std::uint32_t kPhaseMask = 3;
  static constexpr std::uint32_t kHasContinuations = 4;  // the list may be non-empty: take it under its lock
  static constexpr std::uint32_t kHasParked = 8;         // a thread sleeps on the state word

  void run_traced(RunMode mode);
  void settle(std::uint32_t old_word) noexcept;
  bool lend_and_wait(const CurrentHome& home, TimePoint deadline) noexcept;

  std::atomic<std::uint32_t> references_{1};
  std::atomic<std::uint32_t> word_{pending};  // also the futex that waiters park on
  std::atomic<const void*> home_{nullptr};
  Continuation* head_ = nullptr;  // both guarded by the lock that the node's address selects
  Continuation* tail_ = nullptr;
  TraceIdentity trace_identity_;
  bool is_far_ = false;

 protected:
  // Of the classes that derive from this, which have no room for them that would not be lost to alignment.
  bool has_value_ = false;
  bool has_call_ = true;
};

/// Owning pointer to a node.
template <class Node>
class NodePtr {
 public:
  NodePtr() noexcept = default;
  /// Takes over the reference that the caller holds.
  static NodePtr adopt(Node* node) noexcept {
    NodePtr pointer;
    pointer.node_ = node;
    return pointer;
  }
  static NodePtr share(Node* node) noexcept {
    if (node != nullptr) node->retain();
    return adopt(node);
  }
  NodePtr(const NodePtr& other) noexcept : node_(other.node_) {
    if (node_ != nullptr) node_->retain();
  }
  NodePtr(NodePtr&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  NodePtr& operator=(NodePtr other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~NodePtr() {
    if (node_ != nullptr) node_->release();
  }

  Node* get() const noexcept { return node_; }
  Node* leak() noexcept { return std::exchange(node_, nullptr); }
  Node* operator->() const noexcept { return node_; }
  Node& operator*() const noexcept { return *node_; }
  explicit operator bool() const noexcept { return node_ != nullptr; }
  friend bool operator==(const NodePtr&, const NodePtr&) noexcept = default;

 private:
  Node* node_ = nullptr;
};

using TaskPtr = NodePtr<TaskNode>;

/// What this thread works for, one within the other: a pool, a loop that a worker of it runs, another loop that is run,
/// blocked, inside a task of that one.
class CurrentHome {
 public:
  enum class Kind : std::uint8_t {
    pool,       ///< runs tasks of its home, also one that it waits for
    loop,       ///< must not block for tasks of its home, which it runs
    completer,  ///< must not block for tasks of its home, which it completes: they run in other processes
  };

  /// What an engine does for a worker of it that waits for a task that has not started.
  class Helper {
   public:
    /// The worker is about to run the task, which it has started, itself: takes it out of its queue if that is cheap;
    /// null if not.
    virtual TaskPtr take_back(const TaskNode& task) noexcept = 0;
    /// The worker cannot run it itself, since it must look at the clock. True if another one is free and may come for
    /// it.
    virtual bool may_be_taken() const noexcept = 0;
    /// Has it run by a thread that stands in for this worker, unless it starts or is cancelled before. Without a thread
    /// to be had nothing happens.
    virtual void lend(TaskNode& task) noexcept = 0;

   protected:
    ~Helper() = default;
  };

  /// The innermost one of that home on this thread; null if there is none, or no home is given.
  static const CurrentHome* find(const void* home) noexcept;
  /// Throws WouldDeadlock if this thread must not block for a task of that home.
  void check_may_wait() const;
  Kind kind() const noexcept { return kind_; }
  /// Of a pool's worker.
  Helper* helper() const noexcept { return helper_; }
  /// A reference to a task that this worker has started, to hold while it runs it.
  TaskPtr hold(TaskNode& task) const noexcept;

  /// Marks this thread for a scope.
  CurrentHome(const void* home, Kind kind, Helper* helper = nullptr) noexcept;
  ~CurrentHome();
  CurrentHome(const CurrentHome&) = delete;
  CurrentHome& operator=(const CurrentHome&) = delete;

 private:
  const void* const home_;
  const Kind kind_;
  Helper* const helper_;
  const CurrentHome* const outer_;
};

/// Tells a worker that the task it runs is about to be done: just before anybody can see that. A worker that counts
/// itself free only afterwards would look busy to whoever waits for the result and submits the next task at once.
class RunningTask {
 public:
  class Worker {
   public:
    virtual void task_ends() noexcept = 0;
    /// The thread is not free after all: what follows may take any time. May be called again.
    virtual void is_kept_busy() noexcept = 0;

   protected:
    ~Worker() = default;
  };

  /// Until the end of the scope this thread runs `node` for `worker`.
  RunningTask(const TaskNode& node, Worker& worker) noexcept;
  ~RunningTask();
  RunningTask(const RunningTask&) = delete;
  RunningTask& operator=(const RunningTask&) = delete;

  /// Called on a worker's thread before anything that follows the end of its task and may take any time, such as
  /// callbacks. Does nothing elsewhere.
  static void goes_on() noexcept;

 private:
  friend class TaskNode;
  static void about_to_end(const TaskNode& node) noexcept;

  const TaskNode* node_;  // null once told
  Worker& worker_;
  RunningTask* const outer_;
};

/// First in, first out; nodes are linked through themselves. Not thread-safe. What is left is released, not cancelled.
class TaskQueue {
 public:
  TaskQueue() noexcept = default;
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;
  TaskQueue& operator=(TaskQueue&& other) noexcept {
    std::swap(head_, other.head_);
    std::swap(tail_, other.tail_);
    std::swap(size_, other.size_);
    return *this;
  }
  TaskQueue(TaskQueue&& other) noexcept
      : head_(std::exchange(other.head_, nullptr)),
        tail_(std::exchange(other.tail_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  ~TaskQueue() {
    while (pop()) {
    }
  }

  bool empty() const noexcept { return head_ == nullptr; }
  std::size_t size() const noexcept { return size_; }
  bool last_is_done() const noexcept { return tail_ != nullptr && tail_->done(); }
  void push(TaskPtr node) noexcept {
    TaskNode* raw = node.leak();
    raw->next_in_queue = nullptr;
    (tail_ == nullptr ? head_ : tail_->next_in_queue) = raw;
    tail_ = raw;
    ++size_;
  }
  void push_front(TaskPtr node) noexcept {
    TaskNode* raw = node.leak();
    raw->next_in_queue = head_;
    head_ = raw;
    if (tail_ == nullptr) tail_ = raw;
    ++size_;
  }
  void append(TaskQueue&& other) noexcept {
    if (other.head_ == nullptr) return;
    (tail_ == nullptr ? head_ : tail_->next_in_queue) = std::exchange(other.head_, nullptr);
    tail_ = std::exchange(other.tail_, nullptr);
    size_ += std::exchange(other.size_, 0);
  }
  TaskPtr pop() noexcept {
    if (head_ == nullptr) return {};
    TaskNode* raw = std::exchange(head_, head_->next_in_queue);
    if (head_ == nullptr) tail_ = nullptr;
    --size_;
    return TaskPtr::adopt(raw);
  }
  /// Takes out the tasks that are done: cancelled, or run by who waited for them. The others keep their order.
  TaskQueue take_done() noexcept {
    TaskQueue done;
    TaskQueue others;
    while (TaskPtr node = pop()) (node->done() ? done : others).push(std::move(node));
    append(std::move(others));
    return done;
  }

 private:
  TaskNode* head_ = nullptr;
  TaskNode* tail_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace overlap::detail
