#include <overlap/async/detail/wait_line.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace overlap::detail {

WaitLine::Place::Place(WaitLine& line) noexcept : line_(&line), previous_(line.last_) {
  (previous_ == nullptr ? line.first_ : previous_->next_) = this;
  line.last_ = this;
  ++line.size_;
}

void WaitLine::Place::leave() noexcept {
  WaitLine* const line = std::exchange(line_, nullptr);
  if (line == nullptr) return;
  (previous_ == nullptr ? line->first_ : previous_->next_) = next_;
  (next_ == nullptr ? line->last_ : next_->previous_) = previous_;
  --line->size_;
}

void WaitLine::Place::serve() {
  leave();
  served_.set();
}

boost::asio::awaitable<void> WaitLine::Place::wait() {
  const Event::Woken woken = co_await served_.wait(std::nullopt);
  if (woken == Event::Woken::by_cancel) throw_cancelled();
}

bool OneThread::is_here() noexcept {
  static thread_local const char this_thread = 0;
  const void* owner = nullptr;
  // relaxed: it guards no data; two threads that use the same thing at once are what it is to find
  return owner_.compare_exchange_strong(owner, &this_thread, std::memory_order_relaxed) || owner == &this_thread;
}

void OneThread::check(const char* what) {
  if (!is_here()) throw std::logic_error(std::string(what) + ": it belongs to the loop of another thread");
}

}  // namespace overlap::detail
