#pragma once
/// Done callbacks: user functions that a node fires when it is done.

#include <overlap/core/detail/task_node.hpp>

namespace overlap::detail {

template <class T>
class ResultNode;

class Callback : public Continuation {
 public:
  Callback() noexcept : Continuation(Kind::callback) {}

  /// Calls and deletes *this. Callbacks fired from callbacks nest only so deep on one stack; further ones are kept
  /// until the outermost has returned, so a chain of any length needs bounded stack.
  void fire(TaskNode& node) noexcept final;

 protected:
  virtual void call(TaskNode& node) = 0;

 private:
  friend class CallbackStack;

  TaskPtr postponed_node_;  // set while this waits for the outermost callback
  Callback* postponed_next_ = nullptr;
};

template <class T, class F>
class FunctionCallback final : public Callback {
 public:
  explicit FunctionCallback(F function) : function_(std::move(function)) {}

 private:
  void call(TaskNode& node) override;

  F function_;
};

}  // namespace overlap::detail
