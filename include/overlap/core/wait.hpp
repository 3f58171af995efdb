#pragma once
/// Waiting for several futures: wait() and as_completed().

#include <memory>
#include <optional>
#include <ranges>
#include <vector>

#include <overlap/core/future.hpp>

namespace overlap {

enum class ReturnWhen {
  AllCompleted,
  FirstCompleted,
  FirstException,  ///< the first that ended with an error (a cancelled one is none), or all
};

template <class T>
struct WaitResult {
  std::vector<Future<T>> done;  ///< both in the order of the input, each future once
  std::vector<Future<T>> not_done;
};

namespace detail {

/// Collects the completions of a set of nodes, each reported once. Nodes may finish on any thread at any time.
class CompletionQueue {
 public:
  /// Watches every node: those that are done already are reported first, in the order given; the same node twice
  /// counts once.
  explicit CompletionQueue(std::vector<TaskPtr> nodes);
  /// Stops watching.
  ~CompletionQueue();
  CompletionQueue(const CompletionQueue&) = delete;
  CompletionQueue& operator=(const CompletionQueue&) = delete;

  /// The index, in the input, of the next node to finish. Blocks; a worker first runs one of the nodes that has not
  /// started, if it can, or with a deadline has that done. Null once the deadline has passed, or when every node was
  /// reported.
  std::optional<std::size_t> next(std::optional<TimePoint> deadline);

  std::size_t total() const noexcept { return total_; }  ///< distinct nodes
  std::size_t reported() const noexcept { return reported_; }
  /// Lets go of a node that was reported.
  TaskPtr take(std::size_t index) noexcept { return std::move(nodes_[index]); }

 private:
  class State;
  const CurrentHome* find_stuck(TaskPtr& node);
  bool help_one();
  std::optional<std::size_t> lend_one(TimePoint deadline);

  std::vector<TaskPtr> nodes_;
  NodePtr<State> state_;
  std::size_t total_ = 0;
  std::size_t reported_ = 0;
  std::size_t helped_up_to_ = 0;
  TaskPtr lent_;  // what another thread was last asked to run for this one
};

template <class T>
std::vector<TaskPtr> nodes_of(const std::vector<Future<T>>& futures) {
  std::vector<TaskPtr> nodes;
  nodes.reserve(futures.size());
  for (const Future<T>& future : futures) nodes.push_back(TaskPtr::share(&FutureAccess::node(future)));
  return nodes;
}

template <class Futures>
using FutureValue = typename std::ranges::range_value_t<Futures>::value_type;

template <class Futures>
std::vector<Future<FutureValue<Futures>>> to_vector(Futures&& futures) {
  std::vector<Future<FutureValue<Futures>>> copy;
  for (auto&& future : futures) copy.push_back(future);
  return copy;
}

std::string unfinished_message(std::size_t unfinished, std::size_t total);

/// Blocks as wait() says; marks each distinct node of the input done or not.
enum class WaitMark : unsigned char { duplicate, not_done, done };
std::vector<WaitMark> wait_nodes(std::vector<TaskPtr> nodes, ReturnWhen when, std::optional<TimePoint> deadline);

}  // namespace detail

/// Blocks until the condition holds or the timeout has run out, which is no error. Futures of different executors may
/// be mixed; duplicates count once; an empty range returns at once, as does a condition that holds already.
template <std::ranges::input_range Futures>
auto wait(Futures&& futures, ReturnWhen when = ReturnWhen::AllCompleted, Timeout timeout = std::nullopt)
    -> WaitResult<detail::FutureValue<Futures>> {
  auto all = detail::to_vector(std::forward<Futures>(futures));
  const auto marks = detail::wait_nodes(detail::nodes_of(all), when, deadline_after(timeout));
  WaitResult<detail::FutureValue<Futures>> result;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (marks[i] == detail::WaitMark::done) result.done.push_back(std::move(all[i]));
    if (marks[i] == detail::WaitMark::not_done) result.not_done.push_back(std::move(all[i]));
  }
  return result;
}

/// The range that as_completed() returns: an input range of futures in the order in which they finish.
template <class T>
class CompletedRange {
 public:
  class Iterator {
   public:
    using value_type = Future<T>;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    Iterator() = default;
    explicit Iterator(CompletedRange* range) : range_(range) {}
    /// Moves the future out of the range, which keeps no reference to it.
    Future<T>&& operator*() const { return std::move(*range_->current_); }
    Iterator& operator++() {
      range_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.at_end(); }

   private:
    bool at_end() const { return range_ == nullptr || !range_->current_; }

    CompletedRange* range_ = nullptr;
  };

  CompletedRange(std::vector<Future<T>> futures, std::optional<TimePoint> deadline)
      : queue_(std::make_unique<detail::CompletionQueue>(detail::nodes_of(futures))), deadline_(deadline) {}

  Iterator begin() {
    if (!current_) advance();
    return Iterator(this);
  }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  void advance() {
    current_.reset();
    if (queue_->reported() == queue_->total()) return;
    const std::optional<std::size_t> index = queue_->next(deadline_);
    if (!index) {
      throw TimeoutError(detail::unfinished_message(queue_->total() - queue_->reported(), queue_->total()));
    }
    auto* const node = static_cast<detail::ResultNode<T>*>(queue_->take(*index).leak());
    current_.emplace(detail::FutureAccess::make(detail::NodePtr<detail::ResultNode<T>>::adopt(node)));
  }

  std::unique_ptr<detail::CompletionQueue> queue_;
  std::optional<TimePoint> deadline_;
  std::optional<Future<T>> current_;
};

/// Yields each future once, those that are done already first, the others as they finish. The timeout is one budget for
/// the whole iteration, counted from this call; when it runs out the iteration throws TimeoutError. Leaving early is
/// fine. A completion costs the same however many futures there are.
template <std::ranges::input_range Futures>
auto as_completed(Futures&& futures, Timeout timeout = std::nullopt) -> CompletedRange<detail::FutureValue<Futures>> {
  return {detail::to_vector(std::forward<Futures>(futures)), deadline_after(timeout)};
}

}  // namespace overlap
