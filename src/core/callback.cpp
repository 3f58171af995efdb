#include <overlap/core/detail/callback.hpp>

#include <memory>

#include <overlap/core/hook.hpp>

namespace overlap::detail {

/// The callbacks that run on this thread right now, one inside the other, and those that wait for the outermost.
class CallbackStack {
 public:
  void fire(Callback* callback, TaskNode& node) noexcept {
    if (depth_ >= kDeepest) {
      postpone(callback, node);
      return;
    }
    ++depth_;
    call_and_delete(callback, node);
    while (depth_ == 1 && first_ != nullptr) {
      Callback* const next = first_;
      first_ = next->postponed_next_;
      if (first_ == nullptr) last_ = nullptr;
      const TaskPtr keep = std::move(next->postponed_node_);
      call_and_delete(next, *keep);
    }
    --depth_;
  }

 private:
  static constexpr int kDeepest = 32;

  void postpone(Callback* callback, TaskNode& node) noexcept {
    callback->postponed_node_ = TaskPtr::share(&node);
    (last_ == nullptr ? first_ : last_->postponed_next_) = callback;
    last_ = callback;
  }

  static void call_and_delete(Callback* callback, TaskNode& node) noexcept {
    const std::unique_ptr<Callback> owned(callback);
    try {
      callback->call(node);
    } catch (...) {
      report_unhandled("done callback", std::current_exception());
    }
  }

  int depth_ = 0;
  Callback* first_ = nullptr;
  Callback* last_ = nullptr;
};

void Callback::fire(TaskNode& node) noexcept {
  static thread_local CallbackStack stack;
  stack.fire(this, node);
}

}  // namespace overlap::detail
