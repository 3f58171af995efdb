#pragma once
/// How a submitted call crosses a process boundary. One thunk a kind of call: a function, known to every process of the
/// same program by its place in the code, that decodes the call, runs it and encodes the outcome.

#include <cxxabi.h>

#include <overlap/core/detail/result_node.hpp>
#include <overlap/core/remote_exception.hpp>
#include <overlap/core/shippable.hpp>

namespace overlap::detail {

/// Runs in the worker: reads the callable and the arguments, runs the call, writes the outcome.
using Thunk = void (*)(Decoder& call, Encoder& outcome);

struct ShipTable {
  Thunk thunk;
  void (*encode_call)(TaskNode& node, Encoder& out);    ///< the node must not have ended; throws what encoding throws
  void (*decode_outcome)(TaskNode& node, Decoder& in);  ///< finishes a RUNNING node with what the thunk wrote
};

/// The thunks of this program register before main(); a worker runs no other code than these.
bool register_thunk(Thunk thunk);
bool is_registered_thunk(const void* address);

enum class OutcomeTag : std::uint8_t { value, error, cancelled };

/// What the worker answers when decoding the call or encoding its result failed.
void encode_error_outcome(Encoder& out, std::exception_ptr error);

/// A value, or the parts of a call, among which may be function pointers.
template <class T>
void write_value(Encoder& out, const T& value) {
  out(value);
}
template <class... T>
void write_value(Encoder& out, const std::tuple<T...>& parts) {
  std::apply([&out](const auto&... part) { (write_part(out, part), ...); }, parts);
}
template <class T>
void read_value(Decoder& in, T& value) {
  in(value);
}
template <class... T>
void read_value(Decoder& in, std::tuple<T...>& parts) {
  std::apply([&in](auto&... part) { (read_part(in, part), ...); }, parts);
}

/// Cereal calls these for the inputs and the results of a chunk of map(). A value that cannot be written crosses as the
/// error of that, and spoils no other.
template <class Archive, class T>
__attribute__((no_sanitize("null"))) void save(Archive& out, const Outcome<T>& outcome) {
  std::exception_ptr error = outcome.error_;
  if (!error) {
    const Encoder::Mark before = out.mark();
    try {
      out(true);
      write_value(out, *outcome.value_);
      return;
    } catch (abi::__forced_unwind&) {
      throw;
    } catch (...) {
      out.go_back(before);
      error = std::current_exception();
    }
  }
  out(false);
  encode_exception(out, error);
}
template <class Archive, class T>
void load(Archive& in, Outcome<T>& outcome) {
  bool has_value = false;
  in(has_value);
  if (has_value) {
    read_value(in, outcome.value_.emplace());
  } else {
    outcome.error_ = decode_exception(in);
  }
}

template <class F, class... A>
struct Shipping {
  using Result = typename CallTraits<F, A...>::Result;
  static constexpr bool possible = shippable_callable<F> && (shippable_part<A> && ...) && IsShippable<Result>::value;

  static const ShipTable* table() noexcept {
    if constexpr (possible) {
      (void)registered;  // its use makes the registration happen before main()
      static constexpr ShipTable entries{&run_shipped, &encode_call, &decode_outcome};
      return &entries;
    } else {
      return nullptr;
    }
  }

  static const char* why_not() noexcept {
    if constexpr (!shippable_callable<F>) return "the callable has state: use a function or a captureless lambda";
    if constexpr (!(shippable_part<A> && ...)) return "an argument's type cannot be encoded";
    return "the result's type cannot be encoded";
  }

 private:
  static void encode_call(TaskNode& node, Encoder& out) {
    std::apply([&out](auto&... part) { (write_part(out, part), ...); }, static_cast<CallNode<F, A...>&>(node).call());
  }

  static void run_shipped(Decoder& in, Encoder& out) {
    std::tuple<F, A...> call;
    std::apply([&in](auto&... part) { (read_part(in, part), ...); }, call);
    using Node = CallNode<F, A...>;
    const auto node = NodePtr<Node>::adopt(
        std::apply([](auto&... part) { return new Node(std::in_place, std::move(part)...); }, call));
    node->try_start();
    node->run(RunMode::to_completion);
    encode_outcome(*node, out);
  }

  static void encode_outcome(ResultNode<Result>& node, Encoder& out) {
    if (node.phase() == TaskNode::cancelled) {
      out(OutcomeTag::cancelled);
    } else if (node.error()) {
      encode_error_outcome(out, node.error());
    } else {
      out(OutcomeTag::value, node.value());
    }
  }

  static void decode_outcome(TaskNode& untyped, Decoder& in) {
    auto& node = static_cast<ResultNode<Result>&>(untyped);
    OutcomeTag tag{};
    in(tag);
    if (tag == OutcomeTag::cancelled) {
      node.finish_cancelled();
    } else if (tag == OutcomeTag::error) {
      node.fail(decode_exception(in));
    } else {
      Stored<Result> value{};
      in(value);
      node.deliver(std::move(value));
    }
  }

  static inline const bool registered = register_thunk(&run_shipped);
};

}  // namespace overlap::detail
