#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <overlap/core/hook.hpp>

namespace overlap::test {

/// While it lives, what the unhandled hook is told is kept here, as "where: message".
class HookRecorder {
  struct State {
    std::mutex mutex;
    std::vector<std::string> reports;
  };

 public:
  HookRecorder() {
    set_unhandled_hook([state = state_](std::string_view where, std::exception_ptr error) {
      const std::lock_guard lock(state->mutex);
      state->reports.push_back(std::string(where) + ": " + detail::describe(std::move(error)));
    });
  }
  ~HookRecorder() { set_unhandled_hook(nullptr); }
  HookRecorder(const HookRecorder&) = delete;
  HookRecorder& operator=(const HookRecorder&) = delete;

  std::vector<std::string> reports() const {
    const std::lock_guard lock(state_->mutex);
    return state_->reports;
  }

 private:
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace overlap::test
