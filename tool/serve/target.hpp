#pragma once
/// What a request target asks for.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace overlap::serve {

/// A request target, split. The views point into the text it was split from.
struct Target {
  std::string_view whole;  ///< path and query
  std::string_view path;
  std::string_view query;  ///< without the '?'

  /// The decoded value of "name=value" in the query.
  std::optional<std::string> parameter(std::string_view name) const;
};

/// Splits a target in origin form ("/a?b"), or in absolute form ("http://host/a?b") as sent to a proxy.
Target split_target(std::string_view text);

enum class RouteKind {
  bytes,     ///< /bytes/N
  json,      ///< /json/ID
  image,     ///< /image/ID.jpg
  status,    ///< /status/CODE
  redirect,  ///< /redirect/N, N at least 1
  echo,      ///< /echo
  fault,     ///< /fault/...
  page,      ///< everything else
  unknown,   ///< begins as one of the above but is not one: 404, so that a typing error is seen
};

struct Route {
  RouteKind kind = RouteKind::page;
  std::uint64_t number = 0;    ///< N or CODE
  std::string_view text = {};  ///< ID, or what follows "/fault/"
};

Route route_of(const Target& target);

/// A whole decimal number, nothing else.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// "a/b/c" as {"a", "b", "c"}; at least one part.
std::vector<std::string_view> split_path(std::string_view text);

}  // namespace overlap::serve
