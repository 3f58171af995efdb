#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <string>

namespace overlap::compare {

inline constexpr std::size_t kMaxPerHost = 6;  ///< requests to one host at once, as `overlap get` has it

struct ListFacts {
  std::size_t urls = 0;
  std::size_t hosts = 0;
};

/// Reads a list without keeping it. An error is a list that cannot be read, again and again that is, one without a URL,
/// or a line that is no URL.
std::expected<ListFacts, std::string> examine_list(const std::string& file);

/// Writes the URLs of a list whose places, from 0, are chosen to another list.
std::expected<void, std::string> write_chosen(const std::string& file,
                                              const std::function<bool(std::size_t)>& is_chosen,
                                              const std::string& chosen);

/// Writes `count` of the `urls` URLs of a list, spread evenly over it, to another list.
std::expected<void, std::string> write_sample(const std::string& file, std::size_t urls, std::size_t count,
                                              const std::string& sample);

}  // namespace overlap::compare
