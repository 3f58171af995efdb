#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace overlap::test {

/// Runs the sides at the same moment, each on a thread of its own, again and again: before each round `prepare`, after
/// it `check`, both on the calling thread. From round to round one side or the other is held back a little, so that
/// many ways of falling together are met.
inline void race(int rounds, const std::function<void()>& prepare, const std::vector<std::function<void()>>& sides,
                 const std::function<void()>& check) {
  std::atomic<int> round{0};
  std::atomic<std::size_t> arrived{0};
  const auto spin = [](unsigned turns) {
    for (std::atomic<unsigned> turn{0}; turn < turns;) ++turn;
  };
  std::vector<std::jthread> threads;
  for (std::size_t side = 0; side < sides.size(); ++side) {
    threads.emplace_back([&, side] {
      for (int mine = 1; mine <= rounds; ++mine) {
        while (round.load() != mine) std::this_thread::yield();
        spin(static_cast<unsigned>(mine) * (static_cast<unsigned>(side) * 7 + 3) % 61);
        sides[side]();
        ++arrived;
      }
    });
  }
  for (int next = 1; next <= rounds; ++next) {
    prepare();
    arrived = 0;
    round = next;
    while (arrived.load() != sides.size()) std::this_thread::yield();
    check();
  }
}

}  // namespace overlap::test
