#include <overlap/async/gather.hpp>

namespace overlap::detail {

void GatherState::child_ended(const std::exception_ptr& error, bool stop_at_errors) {
  --left_;
  if (error && stop_at_errors && !first_error_) {
    first_error_ = error;
    woken_.set();
  }
  if (left_ == 0) {
    woken_.set();
    all_ended_.set();
  }
}

boost::asio::awaitable<void> GatherState::wait(std::vector<Loop::Started> children) {
  if (left_ == 0) co_return;
  const Event::Woken woken = co_await woken_.wait(std::nullopt);
  if (woken == Event::Woken::by_cancel) {
    for (const Loop::Started& child : children) child.cancel();
    co_await all_ended_.wait_uncancelled();
    throw_cancelled();
  }
  if (first_error_) std::rethrow_exception(first_error_);
}

}  // namespace overlap::detail
