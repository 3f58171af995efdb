#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace bench {

/// The floor of every round trip: two threads, or two processes that share the memory of this object, wake each other
/// by futex, in turn, and do nothing else. One calls answer() while the other calls round_trip(), and end() at last.
class PingPong {
 public:
  enum class Between { threads, processes };
  explicit PingPong(Between between) : private_(between == Between::threads ? FUTEX_PRIVATE_FLAG : 0) {}

  /// Returns after end().
  void answer() {
    while (true) {
      std::uint32_t now = turn_;
      while (now == kAsking) {
        wait_while(kAsking);
        now = turn_;
      }
      if (now == kEnded) return;
      hand_over(kAsking);
    }
  }

  void round_trip() {
    hand_over(kAnswering);
    while (turn_ == kAnswering) wait_while(kAnswering);
  }

  void end() { hand_over(kEnded); }

 private:
  static constexpr std::uint32_t kAsking = 0;     // the asker's turn
  static constexpr std::uint32_t kAnswering = 1;  // the answerer's turn
  static constexpr std::uint32_t kEnded = 2;

  void hand_over(std::uint32_t turn) {
    turn_ = turn;
    syscall(SYS_futex, &turn_, FUTEX_WAKE | private_, 1, nullptr, nullptr, 0);
  }
  void wait_while(std::uint32_t turn) { syscall(SYS_futex, &turn_, FUTEX_WAIT | private_, turn, nullptr, nullptr, 0); }

  const int private_;
  std::atomic<std::uint32_t> turn_{kAsking};
};

}  // namespace bench
