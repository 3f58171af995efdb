#pragma once

#include <boost/asio/execution_context.hpp>

#include <memory>
#include <vector>

#include <overlap/http/session.hpp>

namespace overlap::http::detail {

/// The sessions of a loop that are made as they are asked for, one for each set of options; the loop's context owns it.
class SessionService final : public boost::asio::execution_context::service {
 public:
  using key_type = SessionService;
  static inline boost::asio::execution_context::id id;

  explicit SessionService(boost::asio::execution_context& context) : service(context) {}

  /// That of the loop that runs on this thread; throws std::logic_error if none does.
  static SessionService& of_current_loop();

  Session& session(const SessionOptions& options);
  Session& default_session();

 private:
  void shutdown() noexcept override;

  std::vector<std::unique_ptr<Session>> sessions_;
  Session* default_session_ = nullptr;
};

}  // namespace overlap::http::detail
