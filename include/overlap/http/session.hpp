#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>

#include <overlap/async/task.hpp>
#include <overlap/http/error.hpp>
#include <overlap/http/request.hpp>
#include <overlap/http/response.hpp>
#include <overlap/http/session_options.hpp>
#include <overlap/http/sink.hpp>

namespace overlap {
class Loop;
}

namespace overlap::http {

namespace detail {
class Engine;
class SessionService;
}  // namespace detail

struct SessionStats {
  std::size_t in_flight = 0;      ///< requests under way
  std::size_t waiting = 0;        ///< requests that wait for max_connections or max_connections_per_host
  std::uint64_t requests = 0;     ///< begun since the session was made, each hop of a redirect counted
  std::uint64_t connections = 0;  ///< opened since then
};

/// HTTP requests over connections that are kept and used again, on one loop.
///
/// Belongs to its loop's thread: make, use and destroy it there. Destroying it ends the requests under way, whose tasks
/// get operation_aborted; so does cancelling one of these tasks, which ends its request at once.
class Session {
 public:
  explicit Session(Loop& loop, SessionOptions options = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// The current loop's session with the default options, the one that http::get() uses: made when first asked for,
  /// destroyed with the loop. Throws std::logic_error outside of a loop.
  static Session& of_current_loop();
  /// The one with exactly these options. Give them a name before a co_await expression: GCC 12 destroys temporaries
  /// there twice.
  static Session& of_current_loop(const SessionOptions& options);

  /// Sends the request, follows redirects as its limits say, and gives the final response, whatever its status.
  /// Throws HttpError when there is none, and what the Sink throws.
  Task<Response> fetch(Request request);
  /// The same, with failures as values.
  Task<std::expected<Response, Failure>> try_fetch(Request request);

  const SessionOptions& options() const noexcept;
  SessionStats stats() const noexcept;

 private:
  friend class detail::SessionService;
  void abandon() noexcept;  // when the loop is destroyed: its tasks are not resumed any more

  std::shared_ptr<detail::Engine> engine_;
};

}  // namespace overlap::http
