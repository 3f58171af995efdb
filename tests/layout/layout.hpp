// The layers, as rules about #include lines: arrows point down only.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace layout {

/// Contents by path; paths are relative to the project's root, such as "src/core/wait.cpp".
using Tree = std::map<std::string, std::string>;

/// What breaks a rule, as "path:line: what is wrong", in the order of the paths. Of the tree, it looks at include/,
/// src/ and tool/. The rules:
///
/// 1. core <- async <- executors <- http <- tool: a file includes its own layer and those below.
/// 2. No file of executors reaches two executors, directly or by way of others.
/// 3. A public header includes public headers only, all of which exist.
/// 4. A library from outside stays in its layer and above (libcurl in http, flags and SQLite in tool ...).
/// 5. Nothing below tool writes to stdout.
std::vector<std::string> find_violations(const Tree& tree);

/// The text with its comments blanked out, and with `keep_strings` false what strings and characters hold as well.
/// Every line keeps its number.
std::string blank_out_comments(const std::string& text, bool keep_strings);

}  // namespace layout
