// A body that was cut short: what is here of it, and whether an answer is the rest of it.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include <overlap/http/request.hpp>
#include <overlap/http/response.hpp>

namespace overlap::get {

/// The beginning of a body, in a part file that one try has left for the next. Nothing when `part` is empty.
struct CutBody {
  std::string part;           ///< its name, as OutputDirectory::reopen_part() takes it
  std::uint64_t size = 0;     ///< of what is here
  std::uint64_t total = 0;    ///< of the whole; 0: not known
  std::string etag;           ///< of the whole: a strong one, or empty
  std::string last_modified;  ///< in its place, if there is none

  bool empty() const { return part.empty(); }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(part, size, total, etag, last_modified);
  }
};

/// What the head of a response says that makes it possible to go on with its body when it is cut: the identity of that
/// body and its size. Nothing when it is not possible. `before`: what was here already, if this is the rest.
std::optional<CutBody> if_cut(const http::Response& head, const CutBody& before);

/// Asks for the rest, or for the whole if that is another body by now.
void ask_for_rest(http::Request& request, const CutBody& body);

/// How long the whole is, if a response of status 206 has exactly the rest of the body, by what its head says. Says
/// what it has else.
std::expected<std::uint64_t, std::string> check_rest(const http::Response& head, const CutBody& body);

/// "bytes 500-999/1000", the total 0 for "*"; nothing if it is not of that form.
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t total = 0;
};
std::optional<ContentRange> parse_content_range(std::string_view text);

}  // namespace overlap::get
