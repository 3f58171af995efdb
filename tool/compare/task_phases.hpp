// What a task did, step by step, as pictures of a run show it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <overlap/core/time.hpp>
#include <string_view>

namespace overlap::http {
struct Response;
}

namespace overlap::compare {

/// In the order in which a task goes through them; it leaves out those that it has no use for.
enum class Phase : std::uint8_t {
  turn,         ///< waits for a connection, or until its thread has time for it
  name_lookup,  ///< asks for the address of the host
  connect,
  tls,
  first_byte,  ///< has sent the request and waits for the first byte of the answer
  receiving,
  sleeping,  ///< waits for nothing but time
  computing,
  writing,  ///< to a file; what is written while more arrives is counted here, and drawn at the end
};
inline constexpr std::size_t kPhases = 9;

/// "waiting for the first byte"
std::string_view to_string(Phase phase);

/// How long a task spent in each phase. The phases follow each other from `begin` on, so this says when each was. A
/// plain value, so that it crosses from a worker process; the clock is the same in all processes.
struct TaskPhases {
  std::int64_t begin_ns = 0;  ///< by Clock; 0: nothing is known
  std::array<std::int64_t, kPhases> took_ns{};

  std::int64_t& operator[](Phase phase) { return took_ns[static_cast<std::size_t>(phase)]; }
};

/// Of a task that began to fetch at `begin` and has its response now.
TaskPhases phases_of(TimePoint begin, const http::Response& response);

/// Nanoseconds from `begin` until now.
std::int64_t since(TimePoint begin);

}  // namespace overlap::compare
