#pragma once
/// What tests of the HTTP flags share: one run that tries once, and the request that it made.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "e2e/get_program.hpp"
#include "e2e/origin.hpp"
#include "support/program.hpp"

namespace overlap::testing_support {

inline ProgramResult get(std::vector<std::string> arguments, const TemporaryDirectory& out,
                         const std::string& input = "") {
  arguments.insert(arguments.begin(), "get");
  arguments.insert(arguments.end(), {"-P", out.file("saved"), "--retry", "0"});
  return overlap_program(std::move(arguments), input);
}

/// The request as the origin understood it, made with these flags.
inline std::string echo(std::vector<std::string> flags) {
  const Origin origin;
  const TemporaryDirectory out;
  flags.push_back(origin.url("/echo"));
  const ProgramResult result = get(std::move(flags), out);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return out.has("saved/echo") ? out.read("saved/echo") : "";
}

inline std::string class_in(const TemporaryDirectory& out) { return rows_of(out.file("saved")).at(0).error_class; }

inline const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";

}  // namespace overlap::testing_support
