#pragma once

#include <cstddef>
#include <string>

namespace overlap::compare {

struct Machine {
  std::size_t cpus = 1;  ///< that this process may use
  std::string model;     ///< "AMD EPYC"; the architecture, where no better is known
  double load = 0;       ///< tasks that ran or wanted to, of the whole machine, on average over the last minute
};

Machine this_machine();

}  // namespace overlap::compare
