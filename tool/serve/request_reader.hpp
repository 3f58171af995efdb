#pragma once
/// Bytes in, requests out.

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace overlap::serve {

enum class Method {
  get,
  head,
  other,
};

/// What a client asked for. One object is reused for all requests of a connection, so its strings keep their room.
struct Request {
  Method method = Method::other;
  std::string line;    ///< method and target, as sent
  std::string target;  ///< as sent
  std::string fields;  ///< every header line as "name: value\r\n"
  std::string body;
  std::string range, if_range, if_none_match, if_modified_since;  ///< values; empty: not sent
  bool http_1_0 = false;
  bool keep_alive = true;

  void clear();
};

/// Splits what arrives on one connection into requests, several of which may arrive at once (pipelining). Header
/// sections over 64 KiB and bodies over 1 MiB are refused.
class RequestReader {
 public:
  enum class Outcome {
    ready,      ///< request() is the next one
    need_more,  ///< read into prepare(), then commit()
    bad,        ///< not HTTP, or too large; the connection is of no more use
  };

  RequestReader() : data_(kFirstRoom) {}

  boost::asio::mutable_buffer prepare();
  void commit(std::size_t count) { end_ += count; }

  Outcome next();
  const Request& request() const { return request_; }

 private:
  // Most requests fit, and a connection that waits costs no more.
  static constexpr std::size_t kFirstRoom = 2048;

  /// Beast's parser, storing only what the origin looks at: no allocation for a request once its strings have grown.
  class Parser final : public boost::beast::http::basic_parser<true> {
   public:
    explicit Parser(Request& request);

   private:
    using Error = boost::beast::error_code;
    using Text = boost::beast::string_view;

    void on_request_impl(boost::beast::http::verb verb, Text method, Text target, int version, Error& error) override;
    void on_response_impl(int, Text, int, Error&) override {}
    void on_field_impl(boost::beast::http::field field, Text name, Text value, Error& error) override;
    void on_header_impl(Error&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
    std::size_t on_body_impl(Text body, Error& error) override;
    void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t remain, Text body, Error& error) override;
    void on_finish_impl(Error&) override {}

    Request& request_;
  };

  Request request_;
  std::optional<Parser> parser_;  // of the request being read; none between two
  std::vector<char> data_;        // [begin_, end_) is received and not yet parsed
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace overlap::serve
