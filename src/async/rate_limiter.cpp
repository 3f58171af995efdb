// Of the tasks that wait, one alone waits for a time, which nobody changes: none may go ahead before it. The others
// wait for their turn to do so. So a task that is cancelled has used nothing up, and only passes its turn on.

#include <overlap/async/rate_limiter.hpp>

#include <optional>
#include <stdexcept>

#include <overlap/async/sleep.hpp>

namespace overlap {

namespace {

Duration interval_of(const RateLimiter::Options& options) {
  if (options.count == 0) throw std::invalid_argument("RateLimiter: a count of 0");
  if (options.burst == 0) throw std::invalid_argument("RateLimiter: a burst of 0");
  if (options.per <= Duration::zero()) throw std::invalid_argument("RateLimiter: no time in which to count");
  const auto per = static_cast<std::size_t>(options.per.count());
  return Duration(1 + (per - 1) / options.count);  // rounded up: never faster than was said
}

}  // namespace

RateLimiter::RateLimiter(Options options) : state_(std::make_shared<State>(interval_of(options), options.burst)) {}

Task<void> RateLimiter::acquire(std::shared_ptr<State> state) {
  state->thread.check("RateLimiter");
  const Semaphore::Permit turn = co_await state->turn.acquire();
  for (TimePoint now = Clock::now(); now < state->rate.next(); now = Clock::now()) {
    co_await sleep_for(state->rate.next() - now);
  }
  state->rate.take(Clock::now());
}

bool RateLimiter::try_acquire() {
  state_->thread.check("RateLimiter");
  const std::optional<Semaphore::Permit> turn = state_->turn.try_acquire();
  const TimePoint now = Clock::now();
  if (!turn || now < state_->rate.next()) return false;
  state_->rate.take(now);
  return true;
}

std::size_t RateLimiter::waiting() const noexcept {
  return state_->turn.waiting() + (state_->turn.available() == 0 ? 1 : 0);
}

}  // namespace overlap
