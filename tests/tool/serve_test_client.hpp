#pragma once
/// A blocking HTTP client, as small as the tests of the origin need: one connection, no cleverness.

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace overlap::serve::test {

namespace http = boost::beast::http;

struct Answer {
  boost::system::error_code error;  ///< set if the connection or the message broke; the rest is what came before
  int status = 0;
  http::fields fields;
  std::string body;
  bool keep_alive = false;

  std::string field(std::string_view name) const {
    const auto found = fields.find({name.data(), name.size()});
    if (found == fields.end()) return {};
    return {found->value().data(), found->value().size()};
  }
};

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(loop_) {
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
  }

  void send(std::string_view text) { boost::asio::write(socket_, boost::asio::buffer(text.data(), text.size())); }

  /// `lines` are further header lines, each ended by "\r\n".
  void ask(std::string_view target, std::string_view lines = {}, std::string_view method = "GET") {
    std::string request(method);
    request += ' ';
    request += target;
    request += " HTTP/1.1\r\nHost: test\r\n";
    request += lines;
    send(request + "\r\n");
  }

  /// The next response; `method` is that of its request.
  Answer receive(std::string_view method = "GET") {
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    parser.skip(method == "HEAD");
    Answer answer;
    http::read(socket_, buffer_, parser, answer.error);
    auto& message = parser.get();
    answer.status = static_cast<int>(message.result_int());
    answer.fields = std::move(message.base());
    answer.body = std::move(message.body());
    if (!answer.error) answer.keep_alive = parser.keep_alive();
    return answer;
  }

  Answer get(std::string_view target, std::string_view lines = {}, std::string_view method = "GET") {
    ask(target, lines, method);
    return receive(method);
  }

  /// All that comes until the connection ends, and how it ends: eof or connection_reset.
  std::pair<std::string, boost::system::error_code> receive_all() {
    std::string text;
    boost::system::error_code error;
    boost::asio::read(socket_, boost::asio::dynamic_buffer(text), error);
    return {text, error};
  }

  boost::asio::ip::tcp::socket& socket() { return socket_; }

 private:
  boost::asio::io_context loop_;
  boost::asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

/// One request on a connection of its own.
inline Answer get(std::uint16_t port, std::string_view target, std::string_view lines = {}) {
  return Client(port).get(target, lines);
}

}  // namespace overlap::serve::test
