#include "serve/request_reader.hpp"

#include <algorithm>

namespace overlap::serve {
namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t kHeaderLimit = 64 << 10;
constexpr std::uint64_t kBodyLimit = 1 << 20;

}  // namespace

void Request::clear() {
  method = Method::other;
  for (std::string* text : {&line, &target, &fields, &body, &range, &if_range, &if_none_match, &if_modified_since}) {
    text->clear();
  }
  http_1_0 = false;
  keep_alive = true;
}

RequestReader::Parser::Parser(Request& request) : request_(request) {
  header_limit(kHeaderLimit);
  body_limit(kBodyLimit);
  eager(true);
}

void RequestReader::Parser::on_request_impl(http::verb verb, Text method, Text target, int version, Error&) {
  if (verb == http::verb::get) request_.method = Method::get;
  if (verb == http::verb::head) request_.method = Method::head;
  request_.line.assign(method.data(), method.size());
  request_.line += ' ';
  request_.line.append(target.data(), target.size());
  request_.target.assign(target.data(), target.size());
  request_.http_1_0 = version < 11;
}

void RequestReader::Parser::on_field_impl(http::field field, Text name, Text value, Error&) {
  request_.fields.append(name.data(), name.size());
  request_.fields += ": ";
  request_.fields.append(value.data(), value.size());
  request_.fields += "\r\n";
  const auto store = [value](std::string& to) { to.assign(value.data(), value.size()); };
  if (field == http::field::range) store(request_.range);
  if (field == http::field::if_range) store(request_.if_range);
  if (field == http::field::if_none_match) store(request_.if_none_match);
  if (field == http::field::if_modified_since) store(request_.if_modified_since);
}

std::size_t RequestReader::Parser::on_body_impl(Text body, Error&) {
  request_.body.append(body.data(), body.size());
  return body.size();
}

std::size_t RequestReader::Parser::on_chunk_body_impl(std::uint64_t, Text body, Error&) {
  request_.body.append(body.data(), body.size());
  return body.size();
}

boost::asio::mutable_buffer RequestReader::prepare() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == data_.size() && begin_ > 0) {
    std::copy(data_.begin() + static_cast<std::ptrdiff_t>(begin_), data_.end(), data_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == data_.size()) data_.resize(2 * data_.size());  // bounded: the parser refuses a header this long
  return boost::asio::buffer(data_) + end_;
}

RequestReader::Outcome RequestReader::next() {
  if (begin_ == end_) return Outcome::need_more;
  if (!parser_) {
    request_.clear();
    parser_.emplace(request_);
  }
  boost::beast::error_code error;
  begin_ += parser_->put(boost::asio::buffer(data_.data() + begin_, end_ - begin_), error);
  if (error == http::error::need_more) return Outcome::need_more;
  if (error) return Outcome::bad;
  if (!parser_->is_done()) return Outcome::need_more;
  request_.keep_alive = parser_->keep_alive();
  parser_.reset();
  return Outcome::ready;
}

}  // namespace overlap::serve
