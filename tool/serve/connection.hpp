#pragma once
/// One client's connection, over TCP or TLS.
///
/// Callbacks rather than coroutines, and no type-erased executor: the origin is the measuring instrument, so it has to
/// cost less than what it measures. At any moment exactly one operation is under way, which owns the connection; when
/// an operation fails nothing owns it any more, and its destructor closes the socket.
///
///   start -> read -> advance -> handle -> (image) -> (latency) -> send -> (slices) -> finish -> advance ...
///                                                                                      `-> close, reset, hang
///
/// Functions that return bool say whether the response is wholly sent and the next request may be looked at; on false
/// an operation is under way (or the connection is over) and will go on with advance() itself.

#include <algorithm>
#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "serve/request_reader.hpp"
#include "serve/responder.hpp"

namespace overlap::serve {

using LoopExecutor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, LoopExecutor>;
using TlsStream = boost::asio::ssl::stream<Socket>;

template <class Stream>
class Connection : public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(Stream stream, Responder& responder)
      : stream_(std::move(stream)), responder_(responder), timer_(stream_.get_executor()) {}

  /// Called once, on the thread of the stream's loop, as all that follows.
  void start() {
    Error ignored;  // a socket that refuses these is merely slower, or already closed, as the first read will find
    socket().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    if constexpr (kPlain) {
      stream_.non_blocking(true, ignored);
      read();
    } else {
      stream_.async_handshake(TlsStream::server, [self = this->shared_from_this()](const Error& error) {
        if (!error) self->read();
      });
    }
  }

 private:
  using Error = boost::system::error_code;
  using Clock = std::chrono::steady_clock;
  using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, LoopExecutor>;

  static constexpr bool kPlain = std::is_same_v<Stream, Socket>;
  static constexpr std::size_t kChunk = 64 << 10;  // of a computed body; below malloc's threshold for mmap
  static constexpr std::uint64_t kMaxSlice = 256 << 10;
  static constexpr std::uint64_t kSlicesPerSecond = 20;

  Socket& socket() {
    if constexpr (kPlain) {
      return stream_;
    } else {
      return stream_.next_layer();
    }
  }

  void read() {
    stream_.async_read_some(reader_.prepare(),
                            [self = this->shared_from_this()](const Error& error, std::size_t count) {
                              if (error) return;
                              self->reader_.commit(count);
                              self->advance();
                            });
  }

  void advance() {
    for (;;) {
      switch (reader_.next()) {
        case RequestReader::Outcome::need_more:
          return read();
        case RequestReader::Outcome::bad:
          delay_ = {};
          reply_ = text_reply(400, "not a request\n", Method::get);
          reply_.ending = Ending::close;
          send();
          return;
        case RequestReader::Outcome::ready:
          if (!handle()) return;
      }
    }
  }

  bool handle() {
    if (reset_next_) return reset();
    Site& site = responder_.site();
    const std::uint64_t serial = site.requests.fetch_add(1, std::memory_order_relaxed);
    visit_ = Attendance::Visit(site.attendance);
    delay_ = delay_of(site.options, serial);
    if (is_refused(site)) return refuse();
    if (delay_.count() > 0) due_ = site.places.book(Clock::now(), delay_);
    auto reply = responder_.reply(reader_.request(), serial);
    if (!reply) return await_image();
    return deliver(std::move(*reply));
  }

  bool is_refused(const Site& site) const {
    return site.options.refuse_above > 0 && visit_.at_once() > site.options.refuse_above;
  }

  bool refuse() {
    delay_ = {};
    return deliver(text_reply(429, "too many at once\n", reader_.request().method));
  }

  bool await_image() {
    auto done = [self = this->shared_from_this()](DocumentPtr document) mutable {
      const LoopExecutor loop = self->timer_.get_executor();
      boost::asio::post(loop, [self = std::move(self), document = std::move(document)] {
        if (self->deliver(Responder::image_reply(document, self->reader_.request()))) self->advance();
      });
    };
    responder_.site().images.make(split_target(reader_.request().target).path, std::move(done));
    return false;
  }

  /// Sends the reply once its latency is over, which began when the request arrived, or had its turn.
  bool deliver(Reply reply) {
    reply_ = std::move(reply);
    if (delay_.count() <= 0) return send();
    timer_.expires_at(due_);
    timer_.async_wait([self = this->shared_from_this()](const Error& error) {
      if (!error && self->send()) self->advance();
    });
    return false;
  }

  /// Head and body in one write, unless the body is paced or larger than one slice.
  bool send() {
    visit_ = {};  // before the client can know, which may ask again at once
    position_ = reply_.begin;
    rate_ = reply_.bandwidth != 0 ? reply_.bandwidth : responder_.site().options.bandwidth;
    if (rate_ != 0) paced_until_ = Clock::now();
    const std::string_view tail = reply_.raw ? std::string_view() : head_end();
    out_ = {boost::asio::buffer(reply_.document->head), boost::asio::buffer(tail.data(), tail.size()),
            rate_ != 0 ? boost::asio::const_buffer() : next_slice()};
    if constexpr (kPlain) {
      // Nearly always the socket has room: written here and now, the response costs no turn of the loop.
      Error error;
      const std::size_t count = stream_.write_some(out_, error);
      if (error && error != boost::asio::error::would_block) return false;
      if (consume(count)) return continue_body();
    }
    return write();
  }

  std::string_view head_end() const {
    const Request& request = reader_.request();
    if (closes()) return "Connection: close\r\n\r\n";
    return request.http_1_0 ? "Connection: keep-alive\r\n\r\n" : "\r\n";
  }

  bool closes() const { return reply_.ending == Ending::close || !reader_.request().keep_alive; }

  /// Takes `count` bytes off the front of out_; true if that was all.
  bool consume(std::size_t count) {
    std::size_t left = 0;
    for (boost::asio::const_buffer& buffer : out_) {
      const std::size_t taken = std::min(count, buffer.size());
      buffer += taken;
      count -= taken;
      left += buffer.size();
    }
    return left == 0;
  }

  bool write() {
    boost::asio::async_write(stream_, out_, [self = this->shared_from_this()](const Error& error, std::size_t) {
      if (!error && self->continue_body()) self->advance();
    });
    return false;
  }

  bool continue_body() {
    if (position_ == reply_.end) return finish();
    if (rate_ == 0) return write_slice();
    const std::uint64_t size = std::min(reply_.end - position_, slice_limit());
    paced_until_ += std::chrono::nanoseconds(size * 1'000'000'000 / rate_);
    timer_.expires_at(paced_until_);
    timer_.async_wait([self = this->shared_from_this()](const Error& error) {
      if (!error) self->write_slice();
    });
    return false;
  }

  bool write_slice() {
    out_ = {next_slice(), boost::asio::const_buffer(), boost::asio::const_buffer()};
    return write();
  }

  /// Unpaced, a body that is held goes out in one piece.
  std::uint64_t slice_limit() const {
    if (rate_ == 0) return reply_.document->content.text() != nullptr ? reply_.end : kChunk;
    return std::clamp<std::uint64_t>(rate_ / kSlicesPerSecond, 1, kMaxSlice);
  }

  boost::asio::const_buffer next_slice() {
    const Content& content = reply_.document->content;
    std::uint64_t size = std::min(reply_.end - position_, slice_limit());
    const char* data = nullptr;
    if (content.text() != nullptr) {
      data = content.text()->data() + position_;
    } else if (size > 0) {
      chunk_.resize(kChunk);
      size = std::min<std::uint64_t>(size, kChunk);
      content.read(position_, std::span(chunk_).first(size));
      data = chunk_.data();
    }
    position_ += size;
    return {data, size};
  }

  bool finish() {
    if (chunk_.capacity() > 0) chunk_ = {};  // idle connections hold no more than they need
    const bool closing = closes();
    const Ending ending = reply_.ending;
    reply_ = {};
    switch (ending) {
      case Ending::reset:
        return reset();
      case Ending::hang:
        return drain();
      case Ending::reset_next:
        reset_next_ = true;
        break;
      default:
        break;
    }
    return closing ? close() : true;
  }

  /// A close with unread data on this side would send a reset that overtakes the response, so the end of the stream is
  /// sent and what still comes is discarded until the client closes.
  bool close() {
    if constexpr (kPlain) {
      Error ignored;  // the client may be gone
      stream_.shutdown(Socket::shutdown_send, ignored);
      return drain();
    } else {
      stream_.async_shutdown([self = this->shared_from_this()](const Error&) {});
      return false;
    }
  }

  bool drain() {
    socket().async_read_some(reader_.prepare(), [self = this->shared_from_this()](const Error& error, std::size_t) {
      if (!error) self->drain();
    });
    return false;
  }

  bool reset() {
    Error ignored;
    socket().set_option(boost::asio::socket_base::linger(true, 0), ignored);
    socket().close(ignored);
    return false;
  }

  Stream stream_;
  Responder& responder_;
  Timer timer_;
  RequestReader reader_;

  // Of the request being answered:
  std::chrono::nanoseconds delay_{};
  Clock::time_point due_;
  Attendance::Visit visit_;
  Reply reply_;
  std::uint64_t position_ = 0;  // next byte of the content to send
  std::uint64_t rate_ = 0;      // bytes a second; 0: unpaced
  Clock::time_point paced_until_;
  std::array<boost::asio::const_buffer, 3> out_;
  std::vector<char> chunk_;

  bool reset_next_ = false;
};

}  // namespace overlap::serve
