#include "http/session_service.hpp"

#include <overlap/async/detail/child.hpp>
#include <overlap/async/loop.hpp>
#include <overlap/http/fetch.hpp>

namespace overlap::http::detail {

SessionService& SessionService::of_current_loop() {
  return boost::asio::use_service<SessionService>(overlap::detail::require_loop().context());
}

Session& SessionService::session(const SessionOptions& options) {
  for (const auto& session : sessions_) {
    if (session->options() == options) return *session;
  }
  return *sessions_.emplace_back(std::make_unique<Session>(overlap::detail::require_loop(), options));
}

Session& SessionService::default_session() {
  if (default_session_ == nullptr) default_session_ = &session(default_options());
  return *default_session_;
}

// While the context is destroyed: the tasks that wait for a response go with it.
void SessionService::shutdown() noexcept {
  for (const auto& session : sessions_) session->abandon();
  sessions_.clear();
}

}  // namespace overlap::http::detail
