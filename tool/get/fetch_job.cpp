#include "get/fetch_job.hpp"

#include <algorithm>
#include <mutex>

#include <overlap/async/await_future.hpp>
#include <overlap/http/bandwidth.hpp>

#include "get/content_disposition.hpp"
#include "get/file_sink.hpp"
#include "get/shared_bandwidth.hpp"

namespace overlap::get {
namespace {

// The run names the URL of the list before every message: only another one, which a redirect led to, is worth naming.
std::string without_url(std::string message, const FetchJob& job) {
  const std::string prefix = job.url + ": ";
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

void fail(Receipt& receipt, http::Failure failure) {
  receipt.outcome = Receipt::Outcome::failed;
  receipt.error_class = failure.error_class;
  receipt.message = std::move(failure.message);
  receipt.may_retry = failure.may_retry;
  receipt.out_of_resources = failure.out_of_resources;
  if (failure.status != 0) receipt.status = failure.status;
}

std::string value_of(const http::Response& response, std::string_view header) {
  return std::string(response.headers.get(header).value_or(""));
}

void read_response(Receipt& receipt, const http::Response& response, bool is_conditional) {
  receipt.status = response.status;
  receipt.bytes = response.body_bytes;
  receipt.timings = response.timings;
  receipt.remote_address = response.remote_address;
  receipt.retry_after = value_of(response, "Retry-After");
  receipt.content_type = value_of(response, "Content-Type");
  receipt.validators = {value_of(response, "ETag"), value_of(response, "Last-Modified")};
  if (response.status == 304 && is_conditional) {
    receipt.outcome = Receipt::Outcome::unchanged;
  } else if (http::is_redirect(response.status)) {
    receipt.outcome = Receipt::Outcome::redirect;
    receipt.location = value_of(response, "Location");
  } else if (response.status >= 300 || response.status < 200) {
    std::string why = "HTTP status " + std::to_string(response.status);
    if (response.status == 407 && !response.proxy.empty()) why += ": " + response.proxy + " wants a user and password";
    fail(receipt, {http::ErrorClass::http, std::move(why), false, response.status});
  } else {
    receipt.outcome = Receipt::Outcome::ok;
  }
}

/// A status that says nothing of the body.
bool is_passing(int status) { return status == 408 || status == 429 || status >= 500; }

void add_conditions(http::Request& request, const Validators& unless) {
  if (!unless.etag.empty()) request.headers.add("If-None-Match", unless.etag);
  if (!unless.last_modified.empty()) request.headers.add("If-Modified-Since", unless.last_modified);
}

/// Once in each process.
void limit_bandwidth_of(const FetchConfig& config) {
  if (config.limit_rate == 0) return;
  static std::once_flag once;
  std::call_once(once, [&config] {
    auto shared = SharedBandwidth::open(config.bandwidth, config.limit_rate);
    // Where processes may not look into each other, each has its part.
    if (!shared) shared = SharedBandwidth::create(std::max<std::uint64_t>(1, config.limit_rate / config.workers));
    http::limit_bandwidth(std::move(shared));
  });
}

/// By another thread; where none can be started, by this one.
Task<FollowingHash::Result> finish_digest(FileSink& sink) {
  try {
    auto digest = sink.finish_digest();
    co_return co_await std::move(digest);
  } catch (const BrokenExecutor&) {
  }
  co_return sink.finish_digest_here();
}

}  // namespace

http::Request request_of(const FetchJob& job) {
  http::Request request;
  request.url = job.url;
  request.limits = job.config->limits;
  request.limits.max_redirects = 0;
  if (job.send_config_headers) request.headers = job.config->headers;
  for (const auto& [name, value] : job.headers) request.headers.remove(name);  // its own stand in for those of all
  for (const auto& [name, value] : job.headers) request.headers.add(name, value);
  if (!job.as_get) {
    request.method = job.config->method;
    request.body = job.config->body;
  }
  request.user = job.user;
  request.password = job.password;
  request.session_credentials = job.session_credentials;
  return request;
}

Task<Receipt> fetch_one(FetchJob job) {
  limit_bandwidth_of(*job.config);
  Receipt receipt;
  const TimePoint begin = Clock::now();
  FileSink sink(job);
  if (const auto bytes = sink.already_there()) {
    receipt.outcome = Receipt::Outcome::exists;
    receipt.bytes = *bytes;
    receipt.path = job.path;
    co_return receipt;
  }
  http::Session& session = http::Session::of_current_loop(job.config->session);
  http::Request request = request_of(job);  // named: GCC 12 destroys a temporary in a co_await twice
  if (job.cut.empty()) add_conditions(request, job.unless);
  ask_for_rest(request, job.cut);
  request.sink = &sink;
  auto got = co_await session.try_fetch(std::move(request));
  if (got) {
    read_response(receipt, *got, job.cut.empty() && !job.unless.empty());
  } else {
    got.error().message = without_url(std::move(got.error().message), job);
    fail(receipt, std::move(got.error()));
  }
  if (receipt.outcome == Receipt::Outcome::ok && sink.has_distant_digest()) {
    auto digest = finish_digest(sink);
    if (auto taken = sink.take(co_await std::move(digest)); !taken) fail(receipt, taken.error());
  }
  if (receipt.outcome == Receipt::Outcome::ok) {
    const bool is_late = job.config->late_names;
    if (auto saved = is_late ? sink.keep() : sink.save()) {
      receipt.path = job.path;
      receipt.part = sink.part();
      receipt.sha256 = sink.sha256();
    } else {
      fail(receipt, std::move(saved.error()));
    }
    if (is_late && got) receipt.name = name_in_content_disposition(value_of(*got, "Content-Disposition")).value_or("");
  }
  if (receipt.outcome == Receipt::Outcome::ok) {
    receipt.bytes += sink.received_before();
  } else {
    const bool is_of_no_use = (receipt.status == 416 || receipt.status == 304) && !job.cut.empty();
    if (is_of_no_use) receipt.may_retry = true;  // the whole
    receipt.cut = sink.keep_cut(!is_of_no_use && (receipt.may_retry || is_passing(receipt.status)));
  }
  receipt.disk_is_full = sink.disk_is_full();
  receipt.seconds = Clock::now() - begin;
  co_return receipt;
}

}  // namespace overlap::get
