#pragma once
/// Requests to replies; no sockets here.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "serve/bounded_cache.hpp"
#include "serve/faults.hpp"
#include "serve/image_store.hpp"
#include "serve/origin.hpp"
#include "serve/places.hpp"
#include "serve/reply.hpp"

namespace overlap::serve {

/// What all threads of an origin share. Safe to use from any of them.
struct Site {
  /// `all` must outlive the connections, which this does not.
  Site(const OriginOptions& given, Attendance& all)
      : options(given), places(given.at_once), attendance(all), images(given.seed) {}

  const OriginOptions options;
  std::atomic<std::uint64_t> requests{0};  // relaxed: a number to draw by and to show, it orders nothing
  Places places;
  Attendance& attendance;
  FaultState faults;
  ImageStore images;
};

/// How long the request of this number waits for its response.
std::chrono::nanoseconds delay_of(const OriginOptions& options, std::uint64_t serial);

/// What --fault-rate does to the ordinary request of this number.
enum class ChosenFault {
  none,
  unavailable,  ///< 503
  reset,
};
ChosenFault chosen_fault(const OriginOptions& options, std::uint64_t serial);

/// Answers requests, keeping what it made for the next. One a thread.
class Responder {
 public:
  explicit Responder(Site& site) : site_(site) {}

  Site& site() { return site_; }

  /// Nothing if the request is for a picture still to be made: site().images makes it, then image_reply() answers.
  std::optional<Reply> reply(const Request& request, std::uint64_t serial);

  /// Null: it could not be made.
  static Reply image_reply(const DocumentPtr& document, const Request& request);

 private:
  static constexpr std::size_t kCacheBytes = 64 << 20;

  std::optional<Reply> make_reply(const Target& target, const Route& route, const Request& request);
  Reply content_reply(const Target& target, const Route& route, const Request& request);

  Site& site_;
  BoundedCache<DocumentPtr> cache_{kCacheBytes};  // by target
};

}  // namespace overlap::serve
