#include "get/failure_groups.hpp"

#include <algorithm>

namespace overlap::get {
namespace {

constexpr std::size_t kMostGroups = 500;
constexpr std::size_t kExamples = 3;
constexpr std::size_t kLongestMessage = 200;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "the body has 12 bytes" and "the body has 7000 bytes" are the same trouble; "HTTP status 404" and "503" are not.
std::string key_of(http::ErrorClass error_class, bool may_pass, std::string_view message) {
  std::string key(http::to_string(error_class));
  key += may_pass ? " may pass: " : ": ";
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

/// What may be looked at or changed before another try.
std::string_view hint_for(http::ErrorClass error_class, bool may_pass) {
  using enum http::ErrorClass;
  switch (error_class) {
    case dns:
      return may_pass ? "is the network up?" : "is the name right?";
    case connect:
      return "the host may be down";
    case tls:
      return "the certificate was not accepted: --cacert FILE trusts the authority in it";
    case timeout:
      return "--connect-timeout, --max-time and --speed-limit are the limits";
    case protocol:
      return "the answer was not HTTP as it must be";
    case decode:
      return "the body's compression is broken: without --compressed it is saved as it is sent";
    case too_large:
      return "--max-filesize is the limit";
    case redirect:
      return "--max-redirs is the limit, if there were too many";
    case refused:
      return "the options given do not allow them";
    case digest:
      return "the body is not the one that the list expects";
    default:
      return "";
  }
}

}  // namespace

void FailureGroups::add(http::ErrorClass error_class, bool may_pass, std::string_view message, std::string_view url,
                        std::uint64_t line) {
  message = message.substr(0, kLongestMessage);
  std::string key = key_of(error_class, may_pass, message);
  auto found = groups_.find(key);
  if (found == groups_.end()) {
    if (groups_.size() >= kMostGroups) {
      message = "other reasons";
      key = key_of(error_class, may_pass, message);
    }
    found = groups_.try_emplace(std::move(key)).first;
  }
  Group& group = found->second;
  if (group.count++ == 0) {
    group.error_class = error_class;
    group.message = message;
    group.may_pass = may_pass;
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

std::string advice_for(http::ErrorClass error_class, bool may_pass) {
  using enum http::ErrorClass;
  if (error_class == bad_input) return "mend these lines of the list; the same command then fetches them";
  if (error_class == interrupted) return "the same command goes on where this run stopped";
  if (error_class == disk) return "make room or mend the disk, then give the same command again: it goes on";
  std::string advice(hint_for(error_class, may_pass));
  if (!advice.empty()) advice += advice.ends_with('?') ? " " : "; ";
  return advice + (may_pass ? "the same command tries them again" : "--retry-failed asks for them again");
}

std::string advice_for(const FailureGroups::Group& group) {
  if (group.may_pass && group.message.contains("the proxy "))
    return "is it the right proxy (-x, http_proxy, https_proxy)? The same command tries them again";
  if (group.message.contains("it has no IPv")) return "-4 and -6 do not allow them; --retry-failed asks for them again";
  return advice_for(group.error_class, group.may_pass);
}

}  // namespace overlap::get
