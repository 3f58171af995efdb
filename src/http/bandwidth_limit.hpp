#pragma once

#include <overlap/http/bandwidth.hpp>

namespace overlap::http::detail {

/// What limit_bandwidth() was given last; null: nothing. Valid for the life of the process.
Bandwidth* bandwidth_limit() noexcept;

}  // namespace overlap::http::detail
