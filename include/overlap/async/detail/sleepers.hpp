#pragma once
/// The tasks of a loop that wait for a time, with one timer of Asio for all of them. A sleeping task has no more than
/// a place in a heap: what else it needs is in the frame of its coroutine.

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/query.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include <overlap/core/detail/trace_point.hpp>
#include <overlap/core/time.hpp>

namespace overlap {
class Loop;
}

namespace overlap::detail {

class Sleepers;

/// One who sleeps: a local variable of a coroutine. Not thread-safe, as all here: the loop's thread alone.
///
///     Sleeper sleeper;
///     co_await sleeper.until(deadline);
class Sleeper {
 public:
  Sleeper() noexcept = default;
  ~Sleeper();
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  class Sleep;
  /// What to await. May throw std::bad_alloc. Returns at the deadline, after wake(), or when the task is cancelled;
  /// throws nothing then, so look at was_cancelled(). TimePoint::min() goes round the loop once.
  Sleep until(TimePoint deadline);

  /// Ends the sleep in the loop's next round.
  void wake() noexcept;

  bool was_cancelled() const noexcept { return cancelled_; }
  /// The coroutine does not run on one of the library's loops, so it did not sleep.
  bool is_elsewhere() const noexcept { return elsewhere_; }

 private:
  friend class Sleepers;

  static constexpr std::size_t kNoPlace = ~std::size_t{0};

  void cancel() noexcept;

  // What resumes the coroutine: a handler of Asio, which is a pointer to the coroutine's frame.
  template <class Handler>
  void keep(Handler handler) noexcept {
    static_assert(sizeof(Handler) <= sizeof handler_ && alignof(Handler) <= alignof(void*) &&
                  std::is_nothrow_move_constructible_v<Handler>);
    traced_ = trace_here();
    std::construct_at(reinterpret_cast<Handler*>(handler_.data()), std::move(handler));
    take_handler_ = [](void* kept, bool call) {
      Handler& place = *std::launder(reinterpret_cast<Handler*>(kept));
      Handler taken(std::move(place));
      std::destroy_at(&place);
      if (call) std::move(taken)();
    };
  }
  void resume() {
    const TraceTurn turn(traced_);
    take_handler_(handler_.data(), true);
  }
  void drop() { take_handler_(handler_.data(), false); }

  Sleepers* sleepers_ = nullptr;
  TimePoint until_{};
  std::size_t place_ = kNoPlace;  // in the heap
  Sleeper* next_ready_ = nullptr;
  void (*take_handler_)(void*, bool) = nullptr;
  alignas(void*) std::array<std::byte, sizeof(void*)> handler_{};
  bool cancelled_ = false;
  bool elsewhere_ = false;
  std::uint64_t traced_ = 0;  // the task that sleeps
};

/// Memory for the one operation that the timer has at a time, so that to set it again cannot fail. It must outlive the
/// loop's context.
struct OperationMemory {
  alignas(std::max_align_t) std::array<std::byte, 256> bytes;
  bool in_use = false;
};

class Sleepers {
 public:
  Sleepers(Loop& loop, OperationMemory& memory);
  /// Coroutines that sleep still, which no Loop owns, are left to the loop's context to destroy.
  ~Sleepers();
  Sleepers(const Sleepers&) = delete;
  Sleepers& operator=(const Sleepers&) = delete;

 private:
  friend class Sleeper;

  struct Entry {
    TimePoint until;
    Sleeper* sleeper;
  };

  template <class T>
  struct OperationAllocator;
  struct OnTimer;

  /// Makes room for one more.
  void prepare();
  void add(Sleeper& sleeper) noexcept;
  void end_sleep(Sleeper& sleeper) noexcept;
  void make_ready(Sleeper& sleeper) noexcept;
  Sleeper& pop_ready() noexcept;

  void set_timer(TimePoint until);
  void ring() noexcept;
  void on_timer();

  void leave_heap(Sleeper& sleeper) noexcept;
  void put(std::size_t place, Entry entry) noexcept;
  void sift_up(std::size_t place, Entry entry) noexcept;
  void sift_down(std::size_t place, Entry entry) noexcept;

  Loop& loop_;
  OperationMemory& memory_;
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, boost::asio::io_context::executor_type>
      timer_;
  std::vector<Entry> heap_;  // the first is the next to wake
  Sleeper* first_ready_ = nullptr;
  Sleeper* last_ready_ = nullptr;
  std::size_t ready_ = 0;
  std::size_t rung_for_ = 0;             // so many of those are resumed in the round that is on its way
  TimePoint set_to_ = TimePoint::min();  // what the timer is set to, always, from the first sleep on
  bool is_set_ = false;
};

/// An asynchronous operation, as Asio's traits want it.
class Sleeper::Sleep {
  struct Cancel {
    void operator()(boost::asio::cancellation_type) const noexcept { sleeper->cancel(); }
    Sleeper* sleeper;
  };
  struct Begin {
    template <class Handler>
    void operator()(Handler&& handler) const {
      const auto executor = boost::asio::get_associated_executor(handler);
      if (!is_here(boost::asio::query(executor, boost::asio::execution::context))) {
        sleeper->elsewhere_ = true;
        std::forward<Handler>(handler)();
        return;
      }
      auto slot = boost::asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) slot.template emplace<Cancel>(sleeper);
      sleeper->keep(std::decay_t<Handler>(std::forward<Handler>(handler)));
      sleeper->sleepers_->add(*sleeper);
    }
    bool is_here(const boost::asio::execution_context& context) const noexcept;
    Sleeper* sleeper;
  };

 public:
  explicit Sleep(Sleeper& sleeper) noexcept : sleeper_(&sleeper) {}

  template <class Token>
  auto operator()(Token&& token) const
      -> decltype(boost::asio::async_initiate<Token, void()>(std::declval<Begin>(), token)) {
    return boost::asio::async_initiate<Token, void()>(Begin{sleeper_}, token);
  }

 private:
  Sleeper* sleeper_;
};

}  // namespace overlap::detail
