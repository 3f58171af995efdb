#include <overlap/async/semaphore.hpp>

#include <stdexcept>

#include <overlap/core/hook.hpp>

namespace overlap {

Task<Semaphore::Permit> Semaphore::acquire(std::shared_ptr<State> state) {
  state->thread.check("Semaphore");
  if (state->available > 0) {
    --state->available;
  } else {
    detail::WaitLine::Place place(state->line);
    co_await place.wait();  // who releases hands the permit over: it is never free in between, for another to take
  }
  Permit permit(std::move(state));
  co_return permit;
}

std::optional<Semaphore::Permit> Semaphore::try_acquire() {
  state_->thread.check("Semaphore");
  if (state_->available == 0) return std::nullopt;
  --state_->available;
  return Permit(state_);
}

void Semaphore::Permit::release() noexcept {
  const std::shared_ptr<State> state = std::move(state_);
  if (!state) return;
  if (!state->thread.is_here()) {
    const std::logic_error error("released on a thread that is not its loop's");
    detail::report_unhandled("Semaphore permit", std::make_exception_ptr(error));
  } else if (detail::WaitLine::Place* const next = state->line.first()) {
    next->serve();
  } else {
    ++state->available;
  }
}

}  // namespace overlap
