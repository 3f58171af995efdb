#pragma once

namespace overlap::detail {

/// The descriptor, moved away from the numbers of standard input, output and error, which it got if the program has
/// closed those: what the program prints would go to it. -1 with errno when there is no other number left, or `fd` is
/// none; then nothing is left open.
int above_standard(int fd) noexcept;

}  // namespace overlap::detail
