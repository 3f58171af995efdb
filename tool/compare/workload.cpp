#include "compare/workload.hpp"

#include <algorithm>
#include <array>

#include "compare/workloads/all.hpp"

namespace overlap::compare {

std::span<const Workload> workloads() {
  static const std::array all{pages_workload(), images_workload(), api_workload(), cpu_workload(),
                              sleep_workload(), race_workload(),   list_workload()};
  return all;
}

const Workload* find_workload(std::string_view name) {
  const auto found = std::ranges::find(workloads(), name, &Workload::name);
  return found == workloads().end() ? nullptr : &*found;
}

}  // namespace overlap::compare
