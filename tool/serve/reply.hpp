#pragma once
/// What goes out for a request, before any of it is sent.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "serve/content.hpp"
#include "serve/request_reader.hpp"

namespace overlap::serve {

/// A head with the body it announces. Shared by all the replies that send it.
struct Document {
  std::string head;  ///< status line and header lines, each ended; without the blank line
  Content content;
  std::string etag;  ///< a strong entity tag in its quotes; empty: none
};
using DocumentPtr = std::shared_ptr<const Document>;

/// What becomes of the connection once the reply is sent.
enum class Ending {
  as_asked,    ///< kept, unless the request asked for its close
  close,       ///< closed in order
  reset,       ///< closed with a TCP reset, which may overtake what was sent
  reset_next,  ///< kept, and reset when the next request arrives
  hang,        ///< kept open, nothing more is sent
};

struct Reply {
  DocumentPtr document;
  std::uint64_t begin = 0;  ///< [begin, end) of the content is sent
  std::uint64_t end = 0;
  Ending ending = Ending::as_asked;
  bool raw = false;             ///< the document is all that is sent: no Connection header, no blank line
  std::uint64_t bandwidth = 0;  ///< bytes of body a second; 0: as the origin's options say
};

/// One header line. Control characters in the value are left out, so that a query cannot forge a line.
using Field = std::pair<std::string_view, std::string_view>;

/// "HTTP/1.1 503 Service Unavailable" and the header lines.
std::string make_head(int status, std::initializer_list<Field> fields);

void add_field(std::string& head, Field field);

std::string_view reason_of(int status);

/// The whole document, or only its head for a HEAD request.
Reply whole_reply(DocumentPtr document, Method method);

/// A short text under `status`, which may have extra header lines; none of it where the status forbids a body.
Reply text_reply(int status, std::string_view text, Method method, std::initializer_list<Field> extra = {});

/// Exactly these bytes, then `ending`.
Reply raw_reply(std::string bytes, Ending ending);

/// The answer of a 200 for ordinary content: with validators, and ranges offered.
DocumentPtr make_document(Content content, std::string etag);

/// That answer under the conditions of the request: 200, 206, 304 or 416.
Reply conditional_reply(const DocumentPtr& document, const Request& request);

/// 206 with these bytes of the document.
Reply partial_reply(const DocumentPtr& document, std::uint64_t first, std::uint64_t last);

/// A single byte range, first and last included, as asked of a body of `size` bytes.
struct ByteRange {
  enum class Kind {
    none,           ///< no range, or one of a form that a server may ignore
    unsatisfiable,  ///< begins beyond the end
    some,
  };
  Kind kind = Kind::none;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};
ByteRange parse_range(std::string_view value, std::uint64_t size);

/// When everything here was last modified: content is a function of path and seed, and never changes.
inline constexpr std::string_view kLastModified = "Sat, 01 Jan 2000 00:00:00 GMT";

}  // namespace overlap::serve
