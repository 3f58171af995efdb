#include <overlap/async/gather.hpp>

namespace overlap::detail {

void GatherState::child_ended(const std::exception_ptr& error, bool stop_at_errors) {
  --left_;
  if (error && stop_at_errors && !cancelled_ && !first_error_) first_error_ = error;
  if (first_error_ || left_ == 0) woken_.set();
}

boost::asio::awaitable<void> GatherState::wait(std::vector<Loop::Started> children) {
  if (left_ == 0) co_return;
  std::function<void()> cancel = [this, &children] {
    cancelled_ = true;
    for (const Loop::Started& child : children) child.cancel();
  };
  co_await woken_.wait_or_end(std::nullopt, std::move(cancel));
  if (cancelled_) throw_cancelled();
  if (first_error_) std::rethrow_exception(first_error_);
}

}  // namespace overlap::detail
