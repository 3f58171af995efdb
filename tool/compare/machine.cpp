#include "compare/machine.hpp"

#include <sys/utsname.h>

#include <cstdlib>
#include <fstream>
#include <overlap/executors/available_cpus.hpp>
#include <string_view>

namespace overlap::compare {
namespace {

std::string model_name() {
  constexpr std::string_view kKey = "model name";
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kKey)) continue;
    const auto value = line.find_first_not_of(" \t:", kKey.size());
    if (value != std::string::npos) return line.substr(value);
  }
  utsname names{};
  return uname(&names) == 0 ? names.machine : "unknown";
}

}  // namespace

Machine this_machine() {
  Machine machine{available_cpus(), model_name()};
  if (getloadavg(&machine.load, 1) != 1) machine.load = 0;
  return machine;
}

}  // namespace overlap::compare
