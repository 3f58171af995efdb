// What a run needs of this process's limit on open files (ulimit -n), known before it begins: out of them it would try
// again and again without getting anywhere.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

#include "get/get_options.hpp"

namespace overlap::get {

struct Descriptors {
  std::size_t limit = 0;  ///< the soft one
  std::size_t open = 0;
};

/// Makes the hard limit the soft one, as many connections and files at once need more than the usual soft limit, and
/// says what there is. `open` is only counted where the limit is low.
Descriptors raise_descriptor_limit();

/// Lets a plan run no more at a time than there are descriptors for; gives what is to be said of that, if anything. The
/// error says that there are too few for one.
std::expected<std::string, std::string> fit_to(const Descriptors& there, GetPlan& plan);

}  // namespace overlap::get
