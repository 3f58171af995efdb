#include <overlap/http/session.hpp>

#include <stdexcept>

#include "http/engine.hpp"
#include "http/run_request.hpp"
#include "http/session_service.hpp"

namespace overlap::http {
namespace {

void check(const SessionOptions& options) {
  if (const auto problem = problem_with(options)) throw std::invalid_argument("SessionOptions::" + *problem);
}

}  // namespace

Session::Session(Loop& loop, SessionOptions options) {
  check(options);
  engine_ = std::make_shared<detail::Engine>(loop, std::move(options));
  engine_->open();
}

Session::~Session() { engine_->close(); }

Session& Session::of_current_loop() { return detail::SessionService::of_current_loop().default_session(); }

Session& Session::of_current_loop(const SessionOptions& options) {
  return detail::SessionService::of_current_loop().session(options);
}

Task<std::expected<Response, Failure>> Session::try_fetch(Request request) {
  return detail::run_request(engine_, std::move(request));
}

// A coroutine of its own that does not refer to the session, which may be gone when it is resumed.
static Task<Response> fetch_or_throw(std::shared_ptr<detail::Engine> engine, Request request) {
  co_return detail::value_or_throw(co_await detail::run_request(std::move(engine), std::move(request)));
}

Task<Response> Session::fetch(Request request) { return fetch_or_throw(engine_, std::move(request)); }

const SessionOptions& Session::options() const noexcept { return engine_->options(); }

SessionStats Session::stats() const noexcept { return engine_->stats(); }

void Session::abandon() noexcept { engine_->abandon(); }

}  // namespace overlap::http
