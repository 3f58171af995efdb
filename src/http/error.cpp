#include <overlap/http/error.hpp>

#include <array>

#include <overlap/core/remote_exception.hpp>

namespace overlap::http {
namespace {

constexpr std::array<std::string_view, 15> kNames = {"bad_input", "refused",  "dns",       "connect", "tls",
                                                     "timeout",   "protocol", "truncated", "decode",  "too_large",
                                                     "redirect",  "http",     "digest",    "disk",    "interrupted"};

ErrorClass class_of(std::string_view what) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (what.starts_with(kNames[i]) && what.substr(kNames[i].size()).starts_with(": ")) {
      return static_cast<ErrorClass>(i);
    }
  }
  return ErrorClass::protocol;
}

// Before main(), so that worker processes can send it: whoever throws it links this file.
[[maybe_unused]] const bool registered = [] {
  register_exception<HttpError>();
  return true;
}();

}  // namespace

std::string_view to_string(ErrorClass error_class) noexcept {
  const auto index = static_cast<std::size_t>(error_class);
  return index < kNames.size() ? kNames[index] : "unknown";
}

HttpError::HttpError(const Failure& failure)
    : Error(std::string(to_string(failure.error_class)) + ": " + failure.message),
      error_class(failure.error_class),
      may_retry(failure.may_retry),
      status(failure.status) {}

HttpError::HttpError(const std::string& what) : Error(what), error_class(class_of(what)) {}

}  // namespace overlap::http
