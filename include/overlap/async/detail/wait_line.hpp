#pragma once
/// What Semaphore, RateLimiter and Queue have in common: tasks that wait in a line, and one thread that may touch it.

#include <atomic>
#include <cstddef>

#include <overlap/async/detail/child.hpp>

namespace overlap::detail {

/// The tasks that wait for something, first come, first served. They are linked through the frames of their coroutines.
/// Not thread-safe.
class WaitLine {
 public:
  /// One who waits, from its construction to its destruction or until it is served.
  class Place {
   public:
    /// Joins the end of the line.
    explicit Place(WaitLine& line) noexcept;
    ~Place() { leave(); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    /// Takes it out of the line and lets its task go on.
    void serve();
    /// Waits until it is served; throws operation_aborted when the task is cancelled and it was not. One that was
    /// served keeps what it got, also if the cancel came first.
    boost::asio::awaitable<void> wait();

   private:
    friend class WaitLine;
    void leave() noexcept;

    WaitLine* line_;  // null once it has left
    Place* previous_;
    Place* next_ = nullptr;
    Event served_;
  };

  WaitLine() = default;
  WaitLine(const WaitLine&) = delete;
  WaitLine& operator=(const WaitLine&) = delete;

  bool empty() const noexcept { return first_ == nullptr; }
  std::size_t size() const noexcept { return size_; }
  /// The one whose turn it is; null when nobody waits.
  Place* first() const noexcept { return first_; }

 private:
  Place* first_ = nullptr;
  Place* last_ = nullptr;
  std::size_t size_ = 0;
};

/// Finds out when something of one loop is used on the thread of another. It belongs to the thread that first uses it.
class OneThread {
 public:
  bool is_here() noexcept;
  /// Throws std::logic_error, naming `what`, on any other thread.
  void check(const char* what);

 private:
  std::atomic<const void*> owner_{nullptr};
};

}  // namespace overlap::detail
