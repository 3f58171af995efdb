#pragma once

#include <boost/asio/execution.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>

#include <overlap/async/loop.hpp>
#include <overlap/core/detail/trace_point.hpp>

namespace overlap::detail {

/// An executor of a loop's context that tells the loop how long each function took, and the trace whose it is: that of
/// `task`, by its number there, if it is not 0. What runs through it is whatever resumes a task. It meets Asio's
/// requirements of an executor, and passes all properties on.
template <class Inner>
class WatchedExecutor {
 public:
  WatchedExecutor(Inner inner, Loop& loop, std::uint64_t task) noexcept
      : inner_(std::move(inner)), loop_(&loop), task_(task) {}

  template <class Function>
  void execute(Function&& function) const {
    boost::asio::execution::execute(inner_,
                                    [loop = loop_, task = task_, f = std::forward<Function>(function)]() mutable {
                                      const Loop::Turn turn(*loop);
                                      const TraceTurn traced(task);
                                      std::move(f)();
                                    });
  }

  template <class Property>
  auto require(const Property& property) const
    requires(boost::asio::can_require<const Inner&, Property>::value)
  {
    using Required = std::decay_t<decltype(boost::asio::require(std::declval<const Inner&>(), property))>;
    return WatchedExecutor<Required>(boost::asio::require(inner_, property), *loop_, task_);
  }
  template <class Property>
  auto query(const Property& property) const -> decltype(auto)
    requires(boost::asio::can_query<const Inner&, Property>::value)
  {
    return boost::asio::query(inner_, property);
  }

  friend bool operator==(const WatchedExecutor& a, const WatchedExecutor& b) noexcept { return a.inner_ == b.inner_; }
  friend bool operator!=(const WatchedExecutor& a, const WatchedExecutor& b) noexcept { return !(a == b); }

 private:
  Inner inner_;
  Loop* loop_;
  std::uint64_t task_;
};

}  // namespace overlap::detail
