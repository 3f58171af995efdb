// What the files are called: the template that -o gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "get/url.hpp"

namespace overlap::get {

/// What a name is made of.
struct NameFacts {
  const Url& url;
  std::uint64_t index;                          ///< the item's ordinal
  std::optional<std::string_view> name = {};    ///< from the list or the response: stands in for the URL's last segment
  std::optional<std::string_view> sha256 = {};  ///< of the body, in hexadecimal
};

/// Text with fields, such as "{host}/{index:08}.{ext}". A value; immutable.
///
/// | field       | stands for                                                                                      |
/// |-------------|-------------------------------------------------------------------------------------------------|
/// | `{name}`    | the given name (which may have directories), else the URL path's last segment, "index.html" if  |
/// |             | that is empty, with "?" and the query if there is one                                           |
/// | `{path}`    | the whole path of the URL, its last segment as in `{name}` of the URL: makes sub-directories    |
/// | `{host}`    | the host                                                                                        |
/// | `{index}`   | the item's number; `{index:08}` with leading zeros to eight digits                              |
/// | `{ext}`     | the extension of the name without its dot; if there is none, a dot before the field goes too    |
/// | `{sha256}`  | the body's digest                                                                               |
///
/// "{{" and "}}" stand for a brace, "/" begins a sub-directory. What the values bring along cannot: it is encoded as
/// make_safe_path() says, and of percent-encoded text the escapes are resolved where the result is a harmless
/// character.
class NameTemplate {
 public:
  /// The error names the position (1-based, in bytes) and the text at fault. Text that could name a file outside the
  /// directory, a hidden one or an option is an error, rather than silently changed.
  static std::expected<NameTemplate, std::string> parse(std::string_view text);

  /// `{name}`.
  NameTemplate();

  /// Whether names are known only once the body is: then name() needs `sha256`.
  bool needs_body_digest() const;

  /// Whether items with different indexes can never get the same name or one name within another, also where case does
  /// not count: then no NameRegistry is needed, and a list of any length needs no memory for its names.
  bool gives_unique_names() const;

  /// A path for which is_safe_path() holds. Throws std::logic_error if the digest is needed and missing.
  std::string name(const NameFacts& facts) const;

 private:
  enum class Field { text, name, path, host, index, ext, sha256 };
  struct Part {
    Field field;
    std::string text = {};  // of a text
    std::size_t width = 0;  // of an index
  };
  class Parser;

  static std::string value(const Part& part, const NameFacts& facts);

  explicit NameTemplate(std::vector<Part> parts) : parts_(std::move(parts)) {}

  std::vector<Part> parts_;
};

}  // namespace overlap::get
