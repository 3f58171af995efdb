// What a run tells people and programs while it goes and at its end. The run calls; a Reporter prints.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "get/totals.hpp"

namespace overlap::get {

/// The end of one entry of the list that was not fetched.
struct FailedItem {
  std::uint64_t ordinal = 0;
  std::uint64_t line = 0;  ///< 0: an argument of the command line
  std::string_view url;    ///< fit to show
  http::ErrorClass error_class{};
  std::string_view message;
  int tries = 0;
};

/// What a run is waiting for at a host.
struct Waiting {
  std::string host;    ///< "https://example.com:443"
  Duration longest{};  ///< of the requests that run there
  std::size_t running = 0;
};

/// A host of which nothing is asked for a while.
struct HeldHost {
  std::string host;
  Duration left{};
};

struct ProgressSnapshot {
  const Totals& totals;
  std::size_t running = 0;
  std::size_t queued = 0;
  std::optional<std::size_t> found = {};  ///< with -j auto: what may run at a time for now
  bool list_ended = false;                ///< false: more entries will come, so nobody knows how many
  std::optional<HeldHost> held = {};      ///< while nothing runs: what is waited for
  /// The hosts whose requests have run longest, so many of them; costs a look at all that run.
  const std::function<std::vector<Waiting>(std::size_t)>& slowest;
};

class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void saved(std::string_view url, std::string_view path, std::uint64_t bytes) = 0;
  virtual void failed(const FailedItem& item) = 0;
  /// A failure that will be tried again.
  virtual void retrying(const FailedItem& item, Duration delay) = 0;
  /// Nothing will be asked of this host for so long.
  virtual void holding(std::string_view host, Duration duration, std::string_view why) = 0;
  virtual void note(std::string_view text) = 0;
  /// Called often; the reporter decides whether it is time to show it.
  virtual void progress(const ProgressSnapshot& snapshot) = 0;
  /// Somebody asked (SIGUSR1): shown at once, whatever the style.
  virtual void status(const ProgressSnapshot& snapshot) = 0;
};

}  // namespace overlap::get
