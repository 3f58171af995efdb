#pragma once

#include <cstddef>
#include <memory>

#include <overlap/core/time.hpp>

namespace overlap::http {

/// A limit on how fast response bodies and heads are read, for all who share it. Called on the threads of many loops.
class Bandwidth {
 public:
  Bandwidth() = default;
  Bandwidth(const Bandwidth&) = delete;
  Bandwidth& operator=(const Bandwidth&) = delete;
  virtual ~Bandwidth();

  /// So many bytes have been read, or none. Nothing more is to be read before the time that this gives.
  virtual TimePoint take(std::size_t bytes) noexcept = 0;
  /// How many bytes should be read at once, so that no pause is long.
  virtual std::size_t most_at_once() const noexcept = 0;
};

/// From now on all sessions of this process keep to it together: what they may not read yet stays in the sockets, so
/// that the servers slow down. Null: no limit. A request's limits in time go on meanwhile.
void limit_bandwidth(std::shared_ptr<Bandwidth> bandwidth);

}  // namespace overlap::http
