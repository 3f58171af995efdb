#pragma once
/// Executor::map: a lazy range of results in the order of the input.

#include <deque>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <ranges>
#include <tuple>
#include <vector>

#include <overlap/core/detail/outcome.hpp>
#include <overlap/core/future.hpp>

namespace overlap {

struct MapOptions {
  /// As a buffer: submit everything at once.
  static constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

  std::size_t chunk = 0;           ///< inputs a task; 0: chosen for you. Coroutines are always one a task.
  std::size_t buffer = 0;          ///< tasks submitted ahead of the consumer; 0: a small multiple of the workers
  Timeout timeout = std::nullopt;  ///< for the whole iteration, counted from the call
};

namespace detail {

/// Several ranges walked in step, until the shortest ends.
template <class... Views>
class ZipSource {
 public:
  using Element = std::tuple<std::decay_t<std::ranges::range_reference_t<Views>>...>;

  explicit ZipSource(Views... views) : views_(std::move(views)...) {}

  std::optional<Element> next() {
    if (!cursors_) {
      cursors_.emplace(std::apply([](auto&... view) { return std::make_tuple(std::ranges::begin(view)...); }, views_));
    } else if (!ended_) {
      std::apply([](auto&... cursor) { (++cursor, ...); }, *cursors_);
    }
    ended_ = ended_ || at_end(std::index_sequence_for<Views...>());
    if (ended_) return std::nullopt;
    return std::apply([](auto&... cursor) { return Element(*cursor...); }, *cursors_);
  }

  /// The number of elements, where every range knows it without being walked.
  std::optional<std::size_t> size() {
    if constexpr ((std::ranges::sized_range<Views> && ...)) {
      return std::apply([](auto&... view) { return std::min({static_cast<std::size_t>(std::ranges::size(view))...}); },
                        views_);
    } else {
      return std::nullopt;
    }
  }

 private:
  template <std::size_t... I>
  bool at_end(std::index_sequence<I...>) {
    return ((std::get<I>(*cursors_) == std::ranges::end(std::get<I>(views_))) || ...);
  }

  std::tuple<Views...> views_;
  std::optional<std::tuple<std::ranges::iterator_t<Views>...>> cursors_;
  bool ended_ = false;
};

/// One input of a chunk: one that cannot cross to another process arrives there as the error of that. Numbers always
/// can, and need no room for an error.
template <class... A>
using ChunkInput = std::conditional_t<((std::is_arithmetic_v<A> || std::is_enum_v<A>) && ...), std::tuple<A...>,
                                      Outcome<std::tuple<A...>>>;

/// Calls f on a chunk of inputs inside one task; each element has an outcome of its own.
template <class F, class R, class... A>
struct RunChunk {
  using Input = ChunkInput<A...>;
  std::vector<Outcome<R>> operator()(F f, std::vector<Input> inputs) const {
    std::vector<Outcome<R>> outcomes;
    outcomes.reserve(inputs.size());
    for (Input& input : inputs) {
      outcomes.push_back(Outcome<R>::of([&]() -> decltype(auto) {
        if constexpr (std::is_same_v<Input, std::tuple<A...>>) {
          return std::apply(f, std::move(input));
        } else {
          return std::apply(f, input.value());
        }
      }));
    }
    return outcomes;
  }
};

}  // namespace detail

/// The range that map() returns: an input range, to be walked once.
///
/// Input is pulled, on the thread that walks, through a bounded window, so the input may be infinite. The first window
/// is submitted by map() itself. Dereferencing waits for the result of that position and rethrows what its task threw,
/// there; the iterator stays usable and later positions follow. When the timeout runs out, dereferencing throws
/// TimeoutError and that task and the later ones are cancelled. An input range that throws makes the iterator throw
/// at that position, which is the last. Destroying the range cancels what has not started; a range of inputs that was
/// moved in lives until what runs has ended.
///
/// Results are moved out: `for (Page page : executor.map(fetch, urls))`. Of a function that returns void the elements
/// are std::monostate. Not thread-safe. Must not outlive its executor.
template <class R>
class MapRange {
 public:
  using Value = detail::Stored<R>;

  /// Gives the next results, in order: one Future-like batch a step.
  class Source {
   public:
    virtual ~Source() = default;
    /// Waits for the next result; null at the end. Throws TimeoutError or what the input threw.
    virtual std::optional<detail::Outcome<R>> next() = 0;
  };

  class Iterator {
   public:
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    Iterator() = default;
    explicit Iterator(MapRange* range) : range_(range) {}
    Value&& operator*() const { return range_->current_->value(); }
    Iterator& operator++() {
      range_->current_ = range_->source_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.at_end(); }

   private:
    bool at_end() const { return range_ == nullptr || !range_->current_; }

    MapRange* range_ = nullptr;
  };

  explicit MapRange(std::unique_ptr<Source> source) : source_(std::move(source)) {}

  Iterator begin() {
    if (!current_) current_ = source_->next();
    return Iterator(this);
  }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  std::unique_ptr<Source> source_;
  std::optional<detail::Outcome<R>> current_;
};

namespace detail {

/// Submits a window of tasks ahead of the consumer and gives their results in order.
template <class E, class R, class F, class... Views>
class MapSource final : public MapRange<R>::Source {
  using Zip = ZipSource<Views...>;
  using Element = typename Zip::Element;
  template <class... A>
  static RunChunk<F, R, A...> chunk_call(std::tuple<A...>*);
  using Chunk = decltype(chunk_call(static_cast<Element*>(nullptr)));
  struct PendingChunk {
    Future<std::vector<Outcome<R>>> future;
    std::size_t size;
  };

 public:
  MapSource(E& executor, MapOptions options, F f, Views... views)
      : executor_(executor),
        function_(std::move(f)),
        zip_(std::make_shared<Zip>(std::move(views)...)),
        deadline_(deadline_after(options.timeout)) {
    chunk_ = options.chunk != 0 ? options.chunk : executor.default_chunk(zip_->size());
    buffer_ = options.buffer != 0 ? options.buffer : executor.default_buffer();
    fill();
  }
  ~MapSource() override { cancel_all(); }

  std::optional<Outcome<R>> next() override {
    if (ready_.empty()) {
      fill();
      if (!collect()) return input_error();
    }
    Outcome<R> outcome = std::move(ready_.front());
    ready_.pop_front();
    return outcome;
  }

 private:
  static constexpr bool chunkable = !CallTraitsOf<F, Element>::Adapter::is_coroutine;

  /// Submits until the window is full or the input ends. An input that throws is kept for its position.
  void fill() {
    try {
      while (!ended_ && singles_.size() + chunks_.size() < buffer_) submit_next();
    } catch (...) {
      ended_ = true;
      input_error_ = std::current_exception();
    }
  }

  void submit_next() {
    if constexpr (chunkable) {
      if (chunk_ > 1) {
        submit_chunk();
        return;
      }
    }
    std::optional<Element> element = zip_->next();
    ended_ = !element;
    if (ended_) return;
    singles_.push_back(
        std::apply([&](auto&... value) { return executor_.submit(function_, std::move(value)...); }, *element));
  }

  void submit_chunk() {
    std::vector<typename Chunk::Input> inputs;
    std::exception_ptr broken;
    try {
      while (!ended_ && inputs.size() < chunk_) {
        std::optional<Element> element = zip_->next();
        ended_ = !element;
        if (element) add_input(inputs, std::move(*element));
      }
    } catch (...) {  // what came before the error is still work
      broken = std::current_exception();
    }
    const std::size_t size = inputs.size();
    if (size != 0) chunks_.push_back({executor_.submit(Chunk{}, function_, std::move(inputs)), size});
    if (broken) std::rethrow_exception(broken);
  }

  static void add_input(std::vector<Element>& inputs, Element&& element) { inputs.push_back(std::move(element)); }
  static void add_input(std::vector<Outcome<Element>>& inputs, Element&& element) {
    inputs.push_back(Outcome<Element>::of([&element] { return std::move(element); }));
  }

  /// Waits for the oldest task and moves its results into ready_; false when none is left.
  bool collect() {
    if (!singles_.empty()) {
      if (!is_in_time(singles_.front())) return true;
      Future<R> future = std::move(singles_.front());
      singles_.pop_front();
      fill();  // keep the workers busy while the consumer looks at this one
      ready_.push_back(Outcome<R>::of([&]() -> R { return std::move(future).result(); }));
    } else if (!chunks_.empty()) {
      if (!is_in_time(chunks_.front().future)) return true;
      PendingChunk chunk = std::move(chunks_.front());
      chunks_.pop_front();
      fill();
      unpack(std::move(chunk));
    }
    return !ready_.empty();
  }

  /// Waits for the oldest task, which stays in its queue: the wait may throw. False when time ran out: everything is
  /// cancelled then, and the error is what comes next.
  template <class Pending>
  bool is_in_time(const Pending& oldest) {
    if (FutureAccess::node(oldest).help_or_wait(deadline_)) return true;
    cancel_all();
    input_error_ = nullptr;  // of a position that is not reached any more
    ready_.push_back(
        Outcome<R>::failed(std::make_exception_ptr(TimeoutError("map: the next result was not there in time"))));
    return false;
  }

  /// A chunk that failed as a whole, by a crash of its worker say, failed for each of its inputs.
  void unpack(PendingChunk chunk) {
    try {
      for (auto& outcome : std::move(chunk.future).result()) ready_.push_back(std::move(outcome));
    } catch (...) {
      for (std::size_t i = 0; i < chunk.size; ++i) ready_.push_back(Outcome<R>::failed(std::current_exception()));
    }
  }

  std::optional<Outcome<R>> input_error() {
    if (!input_error_) return std::nullopt;
    return Outcome<R>::failed(std::exchange(input_error_, nullptr));
  }

  void cancel_all() noexcept {
    for (auto& future : singles_) let_go(future);
    for (auto& chunk : chunks_) let_go(chunk.future);
    singles_.clear();
    chunks_.clear();
    ended_ = true;
  }

  /// Cancels the task. If it runs already, its input may be a view into a range that is ours (a word of a split string,
  /// say): that lives until the task has ended.
  template <class Pending>
  void let_go(Pending& future) noexcept {
    if (future.cancel() || (std::ranges::borrowed_range<Views> && ...)) return;
    try {
      future.add_done_callback([input = zip_](const Pending&) {});
    } catch (...) {  // no memory for that: wait for the task
      FutureAccess::node(future).wait(std::nullopt);
    }
  }

  E& executor_;
  F function_;
  std::shared_ptr<Zip> zip_;
  const std::optional<TimePoint> deadline_;
  std::size_t chunk_ = 1;
  std::size_t buffer_ = 1;
  bool ended_ = false;
  std::exception_ptr input_error_;
  std::deque<Future<R>> singles_;
  std::deque<PendingChunk> chunks_;
  std::deque<Outcome<R>> ready_;
};

template <class E, class F, class... Ranges>
auto make_map_range(E& executor, MapOptions options, F f, Ranges&&... ranges) {
  using Element = typename ZipSource<std::views::all_t<Ranges>...>::Element;
  using R = typename CallTraitsOf<F, Element>::Result;
  using Source = MapSource<E, R, F, std::views::all_t<Ranges>...>;
  return MapRange<R>(
      std::make_unique<Source>(executor, options, std::move(f), std::views::all(std::forward<Ranges>(ranges))...));
}

}  // namespace detail
}  // namespace overlap
