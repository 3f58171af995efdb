#pragma once

#include <string>

#include <overlap/http/request.hpp>
#include <overlap/http/session_options.hpp>

#include "http/plain/target.hpp"

namespace overlap::http::detail {

/// Whether the method lets a body follow though it is empty.
bool sends_body(const Request& request) noexcept;

/// Writes the head and the body of a checked request in HTTP/1.1 into `text`, in place of what is there.
void write_request(std::string& text, const Request& request, const PlainTarget& target, const SessionOptions& options);

}  // namespace overlap::http::detail
