#pragma once

#include <string>

#include <overlap/async/task.hpp>
#include <overlap/http/request.hpp>
#include <overlap/http/response.hpp>
#include <overlap/http/session_options.hpp>

namespace overlap::http {

/// GET, by the current loop's session with the default options. A status of 400 or more is a Response too; throws
/// HttpError when there is none.
Task<Response> get(std::string url);

/// Any request, likewise.
Task<Response> fetch(Request request);

/// What get() and fetch() use from now on, in every thread. Call it before the first of them: a session that exists
/// keeps its options.
void set_default_options(SessionOptions options);
SessionOptions default_options();

}  // namespace overlap::http
