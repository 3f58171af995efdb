#pragma once
/// What a hostile or broken server does, each at a path of its own below /fault/.

#include <cstdint>
#include <optional>
#include <overlap/core/mutex.hpp>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "serve/reply.hpp"
#include "serve/target.hpp"

namespace overlap::serve {

/// What the faults remember between requests. Safe to use from any thread.
class FaultState {
 public:
  /// How often `key` has been counted, this time included.
  std::uint64_t count(std::string_view key);

 private:
  // Clients choose the keys. Beyond this many all are forgotten.
  static constexpr std::size_t kMaxKeys = 1'000'000;

  detail::Mutex mutex_;
  std::unordered_map<std::string, std::uint64_t> counts_ OVERLAP_GUARDED_BY(mutex_);
};

/// A request below /fault/, with what a handler needs.
struct FaultCall {
  const Request& request;
  const Target& target;
  std::span<const std::string_view> args;  ///< the parts of the path after the fault's name
  std::uint64_t seed;
  FaultState& state;

  /// args[index] as a size; `otherwise` if it was not given. Nothing if it is not a size.
  std::optional<std::uint64_t> size_arg(std::size_t index, std::uint64_t otherwise) const;
};

/// Nothing if the arguments make no sense, which becomes a 404.
using FaultHandler = std::optional<Reply> (*)(const FaultCall& call);

struct Fault {
  std::string_view name;   ///< the first part of the path after /fault/
  std::string_view usage;  ///< with its arguments, optional ones in brackets
  std::string_view help;
  FaultHandler handler;
};

/// Every fault, in the order of robustness: body, connection, HTTP, names.
std::span<const Fault> faults();

/// The reply of "/fault/<text>"; nothing if there is no such fault.
std::optional<Reply> fault_reply(std::string_view text, const Target& target, const Request& request,
                                 std::uint64_t seed, FaultState& state);

/// What /status/CODE and /fault/status/CODE answer. Of the query, retry-after and location become header lines.
Reply status_reply(int status, const Target& target, const Request& request);

// The handlers, by subject; each file below has its own.
namespace fault_handlers {

std::optional<Reply> truncate(const FaultCall& call);
std::optional<Reply> reset(const FaultCall& call);
std::optional<Reply> endless(const FaultCall& call);
std::optional<Reply> slow(const FaultCall& call);
std::optional<Reply> error_page(const FaultCall& call);
std::optional<Reply> resume(const FaultCall& call);

std::optional<Reply> gzip(const FaultCall& call);
std::optional<Reply> bomb(const FaultCall& call);

std::optional<Reply> content_length(const FaultCall& call);
std::optional<Reply> bad_chunk(const FaultCall& call);
std::optional<Reply> slow_headers(const FaultCall& call);
std::optional<Reply> header(const FaultCall& call);
std::optional<Reply> garbage(const FaultCall& call);

std::optional<Reply> drop(const FaultCall& call);
std::optional<Reply> hang(const FaultCall& call);
std::optional<Reply> reset_next(const FaultCall& call);
std::optional<Reply> status(const FaultCall& call);
std::optional<Reply> flaky(const FaultCall& call);
std::optional<Reply> redirect(const FaultCall& call);
std::optional<Reply> disposition(const FaultCall& call);

}  // namespace fault_handlers
}  // namespace overlap::serve
