#include <overlap/async/shield.hpp>

#include <overlap/core/hook.hpp>

namespace overlap::detail {

void report_abandoned(const std::exception_ptr& error) noexcept {
  if (error && !ended_by_cancel(error)) report_unhandled("shielded task", error);
}

}  // namespace overlap::detail
