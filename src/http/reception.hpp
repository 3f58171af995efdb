#pragma once

#include <cstddef>
#include <exception>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <overlap/http/error.hpp>
#include <overlap/http/request.hpp>
#include <overlap/http/response.hpp>

#include "http/address_cache.hpp"
#include "http/body_decoder.hpp"
#include "http/curl_handles.hpp"
#include "http/head.hpp"
#include "http/proxy_rules.hpp"

namespace overlap::http::detail {

/// What the way of a request over the network needs to know besides the request.
struct Hop {
  Duration time_left{};                      ///< zero: without end
  bool follows_redirects = true;             ///< the body of a redirect is not wanted
  bool many_in_flight = false;               ///< then memory counts for more than the speed of one transfer
  Duration lookup{};                         ///< how long the lookup of its host has taken, of the time to connect
  AddressesPtr host_addresses{};             ///< for plain HTTP
  const ProxyRules::Proxy* proxy = nullptr;  ///< must stay as long as the request; null: none
  ListPtr addresses{};                       ///< what libcurl is to learn of hosts (CURLOPT_RESOLVE)
};

/// A response as it comes, whoever reads it from the network: its head line by line, then its body piece by piece,
/// which is decoded, counted, and given to the Sink or kept.
class Reception {
 public:
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;

 protected:
  explicit Reception(bool decodes) : decodes_(decodes) {}
  virtual ~Reception() = default;

  /// Fills in what is known of the connection: asked for before the Sink begins.
  virtual void describe_connection(Response& response) = 0;

  /// `request` must stay until conclude() or forget().
  void begin(const Request& request, Hop hop);
  void forget() noexcept;

  // Each says whether to go on; if not, conclude() knows why. What a Sink throws is kept for conclude().
  bool take_line(std::string_view line) noexcept;
  bool take_body(std::span<const std::byte> piece) noexcept;

  /// What came of it; `ending` is how the network sees it. Throws what the Sink threw.
  std::expected<Response, Failure> conclude(std::expected<void, Failure> ending);

  const Request& request() const noexcept { return *request_; }
  bool has_request() const noexcept { return request_ != nullptr; }
  const Hop& hop() const noexcept { return hop_; }
  Head& head() noexcept { return head_; }
  Response& response() noexcept { return response_; }
  /// Enough of an unwanted body has been read to know that there is too much of it.
  bool skipped_enough() const noexcept { return skipped_enough_; }
  /// Whether something other than the network has ended it.
  bool has_failed() const noexcept { return failure_.has_value() || thrown_ != nullptr; }
  bool has_body() const noexcept;
  /// "URL: why"
  Failure failure(ErrorClass error_class, std::string_view why, bool may_retry) const;

 private:
  template <class Step>
  bool guarded(Step step) noexcept;
  bool take_header(std::string_view line);
  bool head_complete();
  bool take_piece(std::span<const std::byte> piece);
  bool decode(std::span<const std::byte> piece);
  bool deliver(std::span<const std::byte> piece);
  bool begin_sink();
  std::expected<void, Failure> complete_body();
  bool is_followed() const noexcept;
  bool fail(ErrorClass error_class, std::string_view why);
  bool fail(Failure failure);

  const bool decodes_;
  const Request* request_ = nullptr;
  Hop hop_;
  Head head_;
  Response response_;
  std::unique_ptr<BodyDecoder> decoder_;
  std::optional<Failure> failure_;
  std::exception_ptr thrown_;
  std::size_t skipped_ = 0;  // of the body of a redirect
  bool skipped_enough_ = false;
  bool sink_begun_ = false;
};

}  // namespace overlap::http::detail
