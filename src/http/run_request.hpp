#pragma once

#include <expected>
#include <memory>

#include <overlap/async/task.hpp>
#include <overlap/http/error.hpp>
#include <overlap/http/request.hpp>
#include <overlap/http/response.hpp>

namespace overlap::http::detail {

class Engine;

/// A request from its check to its final response, redirects and all.
Task<std::expected<Response, Failure>> run_request(std::shared_ptr<Engine> engine, Request request);

/// The response, or throws the failure.
Response value_or_throw(std::expected<Response, Failure> result);

}  // namespace overlap::http::detail
