#pragma once
/// A result or an error, as a value.

#include <cxxabi.h>

#include <exception>
#include <optional>
#include <tuple>
#include <utility>

#include <overlap/core/detail/result_node.hpp>

namespace overlap::detail {

template <class T>
class Outcome {
 public:
  Outcome() = default;

  /// What `call` returns or throws; but for the forced unwinding of a thread that ends, which goes through.
  template <class Call>
  __attribute__((no_sanitize("null"))) static Outcome of(Call&& call) {
    Outcome outcome;
    try {
      if constexpr (std::is_void_v<T>) {
        call();
        outcome.value_.emplace();
      } else {
        outcome.value_.emplace(call());
      }
    } catch (abi::__forced_unwind&) {
      throw;
    } catch (...) {
      outcome.error_ = std::current_exception();
    }
    return outcome;
  }
  static Outcome failed(std::exception_ptr error) {
    Outcome outcome;
    outcome.error_ = std::move(error);
    return outcome;
  }

  /// The value, to be moved from, or throws the error.
  Stored<T>&& value() {
    if (error_) std::rethrow_exception(error_);
    return std::move(*value_);
  }
  const std::exception_ptr& error() const noexcept { return error_; }

 private:
  template <class Archive, class U>
  friend void save(Archive&, const Outcome<U>&);
  template <class Archive, class U>
  friend void load(Archive&, Outcome<U>&);

  std::optional<Stored<T>> value_;
  std::exception_ptr error_;
};

/// CallTraits of a callable and a tuple of its arguments.
template <class F, class Tuple>
struct CallTraitsOfTuple;
template <class F, class... A>
struct CallTraitsOfTuple<F, std::tuple<A...>> {
  using type = CallTraits<F, A...>;
};
template <class F, class Tuple>
using CallTraitsOf = typename CallTraitsOfTuple<F, Tuple>::type;

}  // namespace overlap::detail
