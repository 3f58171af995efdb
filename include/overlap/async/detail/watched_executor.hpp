#pragma once

#include <boost/asio/execution.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <type_traits>
#include <utility>

#include <overlap/async/loop.hpp>

namespace overlap::detail {

/// An executor of a loop's context that tells the loop how long each function took. What runs through it is whatever
/// resumes a task. It meets Asio's requirements of an executor, and passes all properties on.
template <class Inner>
class WatchedExecutor {
 public:
  WatchedExecutor(Inner inner, Loop& loop) noexcept : inner_(std::move(inner)), loop_(&loop) {}

  template <class Function>
  void execute(Function&& function) const {
    boost::asio::execution::execute(inner_, [loop = loop_, f = std::forward<Function>(function)]() mutable {
      const Loop::Turn turn(*loop);
      std::move(f)();
    });
  }

  template <class Property>
  auto require(const Property& property) const
    requires(boost::asio::can_require<const Inner&, Property>::value)
  {
    using Required = std::decay_t<decltype(boost::asio::require(std::declval<const Inner&>(), property))>;
    return WatchedExecutor<Required>(boost::asio::require(inner_, property), *loop_);
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
};

}  // namespace overlap::detail
