// What this process and all below it use, as of now.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <overlap/core/time.hpp>

namespace overlap::compare {

/// CPU time used so far by this process.
Duration cpu_of_this_process();

/// How long the calling thread was ready to run so far, and waited for a CPU; none where the kernel does not say.
Duration stalled_so_far();

/// CPU time of the whole machine, in the kernel's ticks, since it started; zero where the kernel does not say.
struct MachineTicks {
  std::uint64_t busy = 0;
  std::uint64_t all = 0;
};
MachineTicks ticks_of_machine();

/// CPU time used so far by another process; none if it has ended.
Duration cpu_of_process(pid_t pid);

/// CPU time used so far by its descendants that live and by its children that were waited for: exact to what the kernel
/// counts, without the 10 ms steps of /proc. Looks through /proc, so it takes a moment, and CPU time, of its own.
Duration cpu_of_processes_below();

struct TreeMemory {
  std::size_t processes = 0;  ///< this one included
  /// Bytes resident, those of shared pages divided among the processes that share them (PSS); 0 if not known.
  std::uint64_t bytes = 0;
  std::uint64_t peak = 0;  ///< bytes that the largest of them was resident with, at most; 0 if not known
};
TreeMemory memory_of_process_tree();

}  // namespace overlap::compare
