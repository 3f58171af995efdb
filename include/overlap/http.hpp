#pragma once
/// HTTP: sessions over libcurl. Needs the overlap::http target.

#include <overlap/http/cookie_jar.hpp>
#include <overlap/http/error.hpp>
#include <overlap/http/fetch.hpp>
#include <overlap/http/headers.hpp>
#include <overlap/http/redirect.hpp>
#include <overlap/http/request.hpp>
#include <overlap/http/response.hpp>
#include <overlap/http/session.hpp>
#include <overlap/http/session_options.hpp>
#include <overlap/http/sink.hpp>
