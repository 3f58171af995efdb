#include "get/get_options_http.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "cli/input_file.hpp"
#include "get/flag_values.hpp"
#include "get/header_rules.hpp"

namespace overlap::get {
namespace {

constexpr std::array<std::string_view, 3> kSecretHeaders = {"Authorization", "Proxy-Authorization", "Cookie"};

std::string contents_of(std::string_view flag, const std::string& file) {
  auto text = cli::read_file(file);
  if (!text) throw BadFlag{fmt::format("{}: {}", flag, text.error().message)};
  return *std::move(text);
}

std::vector<std::string> lines_of(std::string_view flag, const std::string& file) {
  std::vector<std::string> lines;
  const std::string text = contents_of(flag, file);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(std::move(line));
    at = end + 1;
  }
  return lines;
}

void check_readable(std::string_view flag, const std::string& file) {
  if (file.empty() || access(file.c_str(), R_OK) == 0) return;
  throw BadFlag{fmt::format("{}: cannot read {}: {}", flag, cli::escape_for_terminal(file, 200), std::strerror(errno))};
}

/// Looks into the file, unless it is a pipe, which can be read but once.
void check_pem(std::string_view flag, const std::string& file, std::string_view what) {
  check_readable(flag, file);
  std::error_code error;
  const auto type = std::filesystem::status(file, error).type();
  if (file.empty() || (type != std::filesystem::file_type::regular && type != std::filesystem::file_type::directory))
    return;
  if (contents_of(flag, file).contains(fmt::format("{}-----", what))) return;
  throw BadFlag{fmt::format("{}: there is no {} block in {} (PEM)", flag, what, cli::escape_for_terminal(file, 200))};
}

// ---- what a request says

http::Header header_of(const std::string& line) {
  const std::size_t colon = line.find(':');
  // Not the value: it may be the secret that the file was for.
  const auto bad = [&](std::string_view why) {
    return BadFlag{fmt::format("-H '{}': {}", cli::escape_for_terminal(line.substr(0, colon), 60), why)};
  };
  if (colon == std::string::npos) throw bad("a header is 'Name: value'");
  const std::string name = line.substr(0, colon);
  const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
  const std::string value = begin == std::string::npos ? "" : line.substr(begin);
  if (const auto fault = fault_of_header(name, value)) throw bad(*fault);
  return {name, value};
}

http::Header open_header_of(const std::string& line) {
  http::Header header = header_of(line);
  const bool secret =
      std::ranges::any_of(kSecretHeaders, [&](std::string_view name) { return http::same_name(name, header.name); });
  if (!secret) return header;
  throw BadFlag{fmt::format(
      "-H '{}: ...': a command line is no place for a secret, since others can read it: put the header into a file "
      "and give -H @FILE",
      header.name)};
}

// As curl's: "@FILE" stands for the lines of the file.
http::Headers headers_of(const std::vector<std::string>& given) {
  http::Headers headers;
  const auto add = [&headers](http::Header header) { headers.add(std::move(header.name), std::move(header.value)); };
  for (const std::string& text : given) {
    if (!text.starts_with('@')) {
      add(open_header_of(text));
      continue;
    }
    for (const std::string& line : lines_of("-H", text.substr(1))) add(header_of(line));
  }
  return headers;
}

std::string text_or_file(std::string_view flag, const std::string& given) {
  return given.starts_with('@') ? contents_of(flag, given.substr(1)) : given;
}

/// As curl has it: without the line ends of a file, and with '&' in between.
std::string form_of(const std::vector<std::string>& given) {
  std::string form;
  for (const std::string& text : given) {
    std::string part = text_or_file("-d", text);
    if (text.starts_with('@')) std::erase_if(part, [](char c) { return c == '\r' || c == '\n'; });
    form += form.empty() ? part : "&" + part;
  }
  return form;
}

void add_missing(http::Headers& headers, const char* name, const char* value) {
  if (!headers.contains(name)) headers.add(name, value);
}

void apply_body(const HttpFlags& flags, FetchConfig& config) {
  if (!flags.data.empty() && !flags.json_body.empty()) throw BadFlag{"-d and --json-body exclude each other"};
  config.method = "GET";
  if (!flags.data.empty()) {
    config.method = "POST";
    config.body = form_of(flags.data);
    add_missing(config.headers, "Content-Type", "application/x-www-form-urlencoded");
  }
  if (!flags.json_body.empty()) {
    config.method = "POST";
    config.body = text_or_file("--json-body", flags.json_body);
    add_missing(config.headers, "Content-Type", "application/json");
    add_missing(config.headers, "Accept", "application/json");
  }
  if (flags.method.empty()) return;
  const bool is_word = std::ranges::all_of(flags.method, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
  if (!is_word) throw BadFlag{fmt::format("-X: '{}' is no method", cli::escape_for_terminal(flags.method, 40))};
  config.method = flags.method;
}

// "image/*", "text/html": what the media type of a body is compared with.
std::string type_pattern_of(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const std::size_t slash = text.find('/');
  const bool is_pattern = slash != std::string::npos && slash > 0 && slash + 1 < text.size() &&
                          text.find_first_of(" \t;/", slash + 1) == std::string::npos && text != "*/*";
  if (is_pattern) return text;
  throw BadFlag{fmt::format("--accept-type: '{}' is not TYPE/SUBTYPE or TYPE/*", cli::escape_for_terminal(text, 60))};
}

std::vector<std::string> types_of(const std::vector<std::string>& given) {
  std::vector<std::string> types;
  for (const std::string& list : given) {
    for (std::size_t at = 0; at <= list.size();) {
      const std::size_t end = std::min(list.find(',', at), list.size());
      types.push_back(type_pattern_of(list.substr(at, end - at)));
      at = end + 1;
    }
  }
  return types;
}

// ---- who asks

void apply_credentials(const HttpFlags& flags, http::SessionOptions& session) {
  check_readable("--netrc-file", flags.netrc_file);
  session.netrc_file = flags.netrc_file;
  if (flags.netrc && flags.netrc_file.empty()) {
    const char* const home = std::getenv("HOME");
    if (home == nullptr) throw BadFlag{"--netrc: there is no HOME to find .netrc in"};
    session.netrc_file = std::string(home) + "/.netrc";
    check_readable("--netrc", session.netrc_file);
  }
  if (!flags.user_file.empty()) {
    const std::vector<std::string> lines = lines_of("--user-file", flags.user_file);
    const std::size_t colon = lines.size() == 1 ? lines.front().find(':') : std::string::npos;
    if (colon == std::string::npos) {
      throw BadFlag{fmt::format("--user-file: {} must hold one line, USER:PASSWORD",
                                cli::escape_for_terminal(flags.user_file, 200))};
    }
    session.user = lines.front().substr(0, colon);
    session.password = lines.front().substr(colon + 1);
  }
  check_pem("--cacert", flags.ca_file, "CERTIFICATE");
  check_pem("--cert", flags.client_cert, "CERTIFICATE");
  if (!flags.client_key.empty() && flags.client_cert.empty()) throw BadFlag{"--key goes with --cert"};
  if (flags.client_key.empty()) {
    check_pem("--cert without --key", flags.client_cert, "PRIVATE KEY");
  } else {
    check_pem("--key", flags.client_key, "PRIVATE KEY");
  }
  session.client_cert = flags.client_cert;
  session.client_key = flags.client_key;
}

void apply_cookies(const HttpFlags& flags, http::SessionOptions& session) {
  session.cookies = !flags.cookie_file.empty() || !flags.cookie_jar.empty();
  if (flags.cookie_file.empty()) return;
  if (flags.cookie_file.find('=') != std::string::npos && access(flags.cookie_file.c_str(), F_OK) != 0) {
    throw BadFlag{
        "-b: takes a file of cookies: a command line is no place for a secret, since others can read it (or give a "
        "Cookie header in a file, -H @FILE)"};
  }
  check_readable("-b", flags.cookie_file);
  session.cookie_file = flags.cookie_file;
}

// ---- the way it takes

/// The variable that names a proxy; null if none does.
const char* proxy_variable() {
  for (const char* const name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') return name;
  }
  return nullptr;
}

void apply_proxy(const HttpFlags& flags, http::SessionOptions& session) {
  if (flags.proxy) {
    const std::size_t at = flags.proxy->rfind('@');
    if (at != std::string::npos) {
      throw BadFlag{
          "-x: a command line is no place for a password, since others can read it: set http_proxy and https_proxy in "
          "the environment"};
    }
    session.proxy = *flags.proxy;
    session.no_proxy = flags.proxy->empty();
  }
  if (!flags.block_private || session.no_proxy) return;
  const char* const variable = proxy_variable();
  if (session.proxy.empty() && variable == nullptr) return;
  throw BadFlag{
      fmt::format("--block-private: the proxy ({}) looks hosts up itself, so nobody can tell where it connects; -x '' "
                  "goes without one",
                  session.proxy.empty() ? variable : "-x")};
}

void apply_versions(const HttpFlags& flags, http::SessionOptions& session) {
  using Options = http::SessionOptions;
  if (flags.http1 && flags.http2) throw BadFlag{"--http1.1 and --http2 exclude each other"};
  if (flags.http1) session.http_version = Options::HttpVersion::http1_1;
  if (flags.http2) session.http_version = Options::HttpVersion::http2;
  if (flags.v4 && flags.v6) throw BadFlag{"-4 and -6 exclude each other"};
  if (flags.v4) session.ip_version = Options::IpVersion::v4;
  if (flags.v6) session.ip_version = Options::IpVersion::v6;
}

/// What the library says of an option, said of the flag.
std::string as_flag(std::string problem) {
  const std::size_t end = std::min(problem.find_first_of(": "), problem.size());
  std::replace(problem.begin(), problem.begin() + static_cast<std::ptrdiff_t>(end), '_', '-');
  return "--" + cli::escape_for_terminal(problem, 200);
}

}  // namespace

void apply_http(const HttpFlags& flags, FetchConfig& config) {
  http::SessionOptions& session = config.session;
  config.headers = headers_of(flags.headers);
  apply_body(flags, config);
  config.accept_types = types_of(flags.accept_types);
  apply_credentials(flags, session);
  apply_cookies(flags, session);
  apply_proxy(flags, session);
  apply_versions(flags, session);
  session.compressed = flags.compressed;
  session.ca_file = flags.ca_file;
  session.insecure = flags.insecure;
  session.resolve = flags.resolve;
  session.dns_servers = flags.dns_servers;
  session.block_private = flags.block_private;
  if (!flags.user_agent.empty()) session.user_agent = flags.user_agent;
  if (auto problem = http::problem_with(session)) throw BadFlag{as_flag(std::move(*problem))};
}

void add_http_flags(CLI::App& command, HttpFlags& flags) {
  auto* http = command.add_option_group("HTTP");
  http->add_option("-H,--header", flags.headers, "'Name: value', or @FILE with a header a line")
      ->type_name("HEADER")
      ->allow_extra_args(false);
  http->add_option("-X,--request", flags.method, "The method; default GET, with a body POST")->type_name("METHOD");
  http->add_option("-d,--data", flags.data, "Send this form, or that of @FILE; several are put together")
      ->type_name("DATA")
      ->allow_extra_args(false);
  http->add_option("--json-body", flags.json_body, "Send this JSON, or that of @FILE")->type_name("JSON");
  http->add_option("-A,--user-agent", flags.user_agent, "The User-Agent header")->type_name("TEXT");
  http->add_option("--accept-type", flags.accept_types, "Refuse bodies of other types: image/*,text/html")
      ->type_name("LIST")
      ->allow_extra_args(false);
  http->add_flag("--compressed", flags.compressed, "Ask for compression, save what is decompressed");
  http->add_flag("--http1.1", flags.http1, "Only HTTP/1.1");
  http->add_flag("--http2", flags.http2, "HTTP/2 where the server has it");
  http->add_option("-b,--cookie", flags.cookie_file,
                   "Send the cookies of this file (Netscape format), and keep new ones")
      ->type_name("FILE");
  http->add_option("-c,--cookie-jar", flags.cookie_jar, "Keep cookies, and write them here at the end")
      ->type_name("FILE");
  http->add_option("--user-file", flags.user_file, "USER:PASSWORD for every host, in a file")->type_name("FILE");
  http->add_flag("--netrc", flags.netrc, "Users and passwords by host, from ~/.netrc");
  http->add_option("--netrc-file", flags.netrc_file, "The same from this file")->type_name("FILE");

  auto* way = command.add_option_group("Connection");
  way->add_option("-x,--proxy", flags.proxy, "Through this proxy: http://, socks5h:// ...; '' for none")
      ->type_name("URL")
      ->expected(1);
  way->add_option("--cacert", flags.ca_file, "Trust the authorities in this file")->type_name("FILE");
  way->add_option("--cert", flags.client_cert, "Show this certificate (PEM)")->type_name("FILE");
  way->add_option("--key", flags.client_key, "The key of --cert (PEM)")->type_name("FILE");
  way->add_flag("-k,--insecure", flags.insecure, "Do not check certificates");
  way->add_option("--resolve", flags.resolve, "HOST:PORT:ADDRESS[,ADDRESS] instead of a lookup")
      ->type_name("ENTRY")
      ->allow_extra_args(false);
  way->add_option("--dns-servers", flags.dns_servers, "Look names up there: ADDRESS[:PORT],...")
      ->type_name("LIST")
      ->delimiter(',')
      ->allow_extra_args(false);
  way->add_flag("-4,--ipv4", flags.v4, "Only IPv4");
  way->add_flag("-6,--ipv6", flags.v6, "Only IPv6");
  way->add_flag("--block-private", flags.block_private,
                "Refuse to connect to loopback, private and link-local addresses");
}

}  // namespace overlap::get
