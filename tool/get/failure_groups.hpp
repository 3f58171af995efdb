// What went wrong in a run, by kind: for a summary that a person reads after ten failures as after ten million.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <overlap/http/error.hpp>

namespace overlap::get {

/// The failures of a run, grouped by class and by what their messages have in common. Memory is bounded: of each group
/// a few examples are kept, and what would be one group too many goes to the rest of its class.
class FailureGroups {
 public:
  struct Example {
    std::string url;         ///< fit to show
    std::uint64_t line = 0;  ///< 0: an argument of the command line
  };
  struct Group {
    http::ErrorClass error_class{};
    std::string message;    ///< of the first one
    bool may_pass = false;  ///< the same command asks for them again
    std::uint64_t count = 0;
    std::vector<Example> examples;
  };

  void add(http::ErrorClass error_class, bool may_pass, std::string_view message, std::string_view url,
           std::uint64_t line);
  bool empty() const { return groups_.empty(); }

  /// The largest first.
  std::vector<Group> largest(std::size_t most) const;
  std::size_t size() const { return groups_.size(); }

 private:
  std::map<std::string, Group, std::less<>> groups_;  // by class and message, its numbers left out
};

/// What a person may do about failures of that class; one line.
std::string advice_for(http::ErrorClass error_class, bool may_pass);
/// The same, also by what their messages say.
std::string advice_for(const FailureGroups::Group& group);

}  // namespace overlap::get
