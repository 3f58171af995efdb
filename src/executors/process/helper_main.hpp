#pragma once

namespace overlap::detail {

/// The life of a helper process: forks workers as the pool asks for them, reports their ends, and ends with the pool.
/// `control` is the descriptor that the mark in argv[1] names.
[[noreturn]] void run_helper(int control);

}  // namespace overlap::detail
