#pragma once
/// How an exception crosses a process boundary: as its type's name and its what().

#include <exception>
#include <string>
#include <typeinfo>

#include <overlap/core/detail/archive.hpp>

namespace overlap {

namespace detail {
/// `error` as an exception, with `inner` (unless null) nested in it as by std::throw_with_nested().
template <class E>
std::exception_ptr make_exception(E error, const std::exception_ptr& inner) {
  if (!inner) return std::make_exception_ptr(std::move(error));
  try {
    try {
      std::rethrow_exception(inner);
    } catch (...) {
      std::throw_with_nested(std::move(error));
    }
  } catch (...) {
    return std::current_exception();
  }
}

using ExceptionMaker = std::exception_ptr (*)(const std::string& message, const std::exception_ptr& inner);
void register_exception(const std::type_info& type, ExceptionMaker make);

void encode_exception(Encoder& out, std::exception_ptr error);
/// An exception of the registered type with the same what(), or a RemoteError. Context that was nested inside is
/// nested inside again.
std::exception_ptr decode_exception(Decoder& in);
}  // namespace detail

/// Lets exceptions of exactly this type come back from worker processes as themselves; E is made from what(). Call it
/// before the first pool is made, in every process alike: as a statement before main_guard, or by a static object.
/// The standard exceptions and those of this library are registered.
template <class E>
void register_exception() {
  static_assert(std::is_constructible_v<E, const std::string&>, "E must be constructible from the message");
  detail::register_exception(typeid(E), [](const std::string& message, const std::exception_ptr& inner) {
    return detail::make_exception(E(message), inner);
  });
}

}  // namespace overlap
