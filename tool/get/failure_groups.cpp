#include "get/failure_groups.hpp"

#include <algorithm>

namespace overlap::get {
namespace {

constexpr std::size_t kMostGroups = 500;
constexpr std::size_t kExamples = 3;
constexpr std::size_t kLongestMessage = 200;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "the body has 12 bytes" and "the body has 7000 bytes" are the same trouble; "HTTP status 404" and "503" are not.
std::string key_of(http::ErrorClass error_class, std::string_view message) {
  std::string key(http::to_string(error_class));
  key += ' ';
  if (error_class == http::ErrorClass::http) return key.append(message);
  for (std::size_t at = 0; at < message.size(); ++at) {
    if (!is_digit(message[at])) {
      key += message[at];
    } else if (at == 0 || !is_digit(message[at - 1])) {
      key += '#';
    }
  }
  return key;
}

}  // namespace

void FailureGroups::add(http::ErrorClass error_class, std::string_view message, std::string_view url,
                        std::uint64_t line) {
  message = message.substr(0, kLongestMessage);
  std::string key = key_of(error_class, message);
  auto found = groups_.find(key);
  if (found == groups_.end()) {
    if (groups_.size() >= kMostGroups) {
      message = "other reasons";
      key = key_of(error_class, message);
    }
    found = groups_.try_emplace(std::move(key)).first;
  }
  Group& group = found->second;
  if (group.count++ == 0) {
    group.error_class = error_class;
    group.message = message;
  }
  if (group.examples.size() < kExamples) group.examples.push_back({std::string(url), line});
}

std::vector<FailureGroups::Group> FailureGroups::largest(std::size_t most) const {
  std::vector<Group> groups;
  groups.reserve(groups_.size());
  for (const auto& [key, group] : groups_) groups.push_back(group);
  std::ranges::sort(groups, [](const Group& a, const Group& b) {
    return a.count != b.count ? a.count > b.count : a.message < b.message;
  });
  groups.resize(std::min(most, groups.size()));
  return groups;
}

std::string_view advice_for(http::ErrorClass error_class) {
  using enum http::ErrorClass;
  switch (error_class) {
    case bad_input:
      return "mend these lines of the list; the same command then fetches them";
    case refused:
      return "these are not allowed by the options given";
    case dns:
      return "is the name right, and the network up? The same command tries them again";
    case connect:
      return "the host may be down: the same command tries them again";
    case tls:
      return "the certificate was not accepted: --cacert FILE trusts the authority in it";
    case timeout:
      return "the same command tries them again; --connect-timeout, --max-time and --speed-limit are the limits";
    case protocol:
      return "the server's answer was not HTTP as it must be";
    case truncated:
      return "the same command tries them again";
    case decode:
      return "the body's compression is broken; without --compressed it is saved as it is sent";
    case too_large:
      return "--max-filesize is the limit";
    case redirect:
      return "--max-redirs is the limit, if there were too many";
    case http:
      return "--retry-failed asks again for what failed for good, such as a 404";
    case digest:
      return "the body is not the one that the list expects";
    case disk:
      return "make room or mend the disk, then give the same command again: it goes on";
    case interrupted:
      return "the same command goes on where this run stopped";
  }
  return "";
}

}  // namespace overlap::get
