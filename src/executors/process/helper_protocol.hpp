#pragma once
/// What a pool and its helper process say to each other: short messages on a socket that keeps their bounds.

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <overlap/core/detail/code_address.hpp>

#include "executors/process/unique_fd.hpp"

namespace overlap::detail {

/// argv[1] of a helper: the mark, then the descriptor of its control socket.
inline constexpr std::string_view kHelperMark = "--overlap-process-helper=";
inline constexpr int kHelperControl = 3;

/// The first message: what all workers have in common. The memory of the pool's bell comes along.
struct WorkerSetup {
  static constexpr std::uint64_t kMagic = 0x6f7665726c617031;

  std::uint64_t magic = kMagic;
  std::uint64_t max_tasks = 0;   // 0: no bound
  std::uint64_t max_memory = 0;  // bytes; 0: no bound
  CodeAddress initializer{};
  pid_t host = 0;
  std::uint32_t has_initializer = 0;
  std::array<char, 16> name{};  // of the pool, cut, ended by a zero
};

struct HelperRequest {
  enum class Kind : std::uint32_t {
    start,  ///< fork a worker: it gets the two descriptors that come along
    kill,   ///< send it a signal, unless it is gone
  };
  Kind kind;
  std::int32_t signal;
  std::uint64_t worker;
};

struct HelperReport {
  enum class Kind : std::uint32_t {
    exited,        ///< the worker is gone; `status` is as from waitpid(2)
    start_failed,  ///< there is no such worker; `status` is errno
  };
  Kind kind;
  pid_t pid;
  std::uint64_t worker;
  std::int32_t status;
  std::int32_t reserved;
};

/// As sendmsg(2), with descriptors; true when sent, otherwise errno says why not.
bool send_message(int socket, std::span<const std::byte> message, std::span<const int> fds, int flags) noexcept;

template <class Message>
std::span<const std::byte> bytes_of(const Message& message) noexcept {
  return std::as_bytes(std::span(&message, 1));
}

/// As recvmsg(2). Descriptors that come along are put into `fds`; those that could not be received are left empty.
ssize_t receive_message(int socket, std::span<std::byte> message, std::span<UniqueFd> fds, int flags) noexcept;

}  // namespace overlap::detail
