#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include <overlap/async/detail/wait_line.hpp>
#include <overlap/async/task.hpp>

namespace overlap {

/// A number of permits that the tasks of one loop share: how many may do something at the same time.
///
///     const Semaphore::Permit permit = co_await semaphore.acquire();   // given back at the end of the scope
///
/// First come, first served. For the tasks of one loop: it belongs to the thread that first uses it, and use on another
/// throws std::logic_error. Permits and tasks that wait may outlive the Semaphore.
class Semaphore {
  struct State {
    explicit State(std::size_t permits) : available(permits) {}
    std::size_t available;  // not zero only when nobody waits
    detail::WaitLine line;
    detail::OneThread thread;
  };

 public:
  /// The right to go ahead, given back when it is destroyed. A default-made or moved-from one holds none.
  class [[nodiscard]] Permit {
   public:
    Permit() noexcept = default;
    Permit(Permit&& other) noexcept = default;
    Permit& operator=(Permit&& other) noexcept {
      Permit(std::move(other)).swap(*this);
      return *this;
    }
    ~Permit() { release(); }

    /// Gives it back now; it goes to the task that has waited longest. Nothing when there is none. On a thread that it
    /// does not belong to the permit is lost, and the unhandled hook is told.
    void release() noexcept;
    explicit operator bool() const noexcept { return static_cast<bool>(state_); }

   private:
    friend class Semaphore;
    explicit Permit(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
    void swap(Permit& other) noexcept { std::swap(state_, other.state_); }

    std::shared_ptr<State> state_;
  };

  explicit Semaphore(std::size_t permits) : state_(std::make_shared<State>(permits)) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  /// Waits, suspended, until a permit is free and all that asked before have had theirs. A task that is cancelled while
  /// it waits gets operation_aborted and takes none; a permit that it was given by then is not lost but returned.
  Task<Permit> acquire() { return acquire(state_); }
  /// A permit if one is free; never waits.
  std::optional<Permit> try_acquire();

  std::size_t available() const noexcept { return state_->available; }
  /// How many tasks wait.
  std::size_t waiting() const noexcept { return state_->line.size(); }

 private:
  static Task<Permit> acquire(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace overlap
