#include <overlap/executors/main_guard.hpp>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "executors/process/helper_main.hpp"
#include "executors/process/helper_protocol.hpp"
#include "executors/process/process_role.hpp"

namespace overlap {

namespace detail {
namespace {
std::atomic<ProcessRole> role{ProcessRole::unguarded};
std::atomic<const char*> program{"overlap"};
}  // namespace

ProcessRole process_role() noexcept { return role.load(std::memory_order_relaxed); }
void set_process_role(ProcessRole now) noexcept { role.store(now, std::memory_order_relaxed); }
std::string program_name() { return program.load(std::memory_order_relaxed); }

}  // namespace detail

main_guard::main_guard(int argc, char** argv) {
  if (argc > 0) detail::program.store(argv[0], std::memory_order_relaxed);
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (first.starts_with(detail::kHelperMark)) {
    const std::string_view number = first.substr(detail::kHelperMark.size());
    int control = -1;
    std::from_chars(number.data(), number.data() + number.size(), control);
    detail::run_helper(control);
  }
  detail::set_process_role(detail::ProcessRole::host);
}

main_guard::~main_guard() { detail::set_process_role(detail::ProcessRole::unguarded); }

}  // namespace overlap
