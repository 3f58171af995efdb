#pragma once
/// An engine that was made before a fork has no threads in the child: there it must refuse to work, not wait for them.

#include <cstdint>

namespace overlap::detail {

class ForkGuard {
 public:
  ForkGuard() noexcept : made_in_(forks()) {}
  /// True in a child that was forked after this was made. Costs one load.
  bool is_in_child() const noexcept { return made_in_ != forks(); }

 private:
  /// How many forks lie between the first process of the program and this one.
  static std::uint32_t forks() noexcept;

  const std::uint32_t made_in_;
};

}  // namespace overlap::detail
