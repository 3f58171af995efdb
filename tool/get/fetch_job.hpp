// One request of a run, in the form that every model carries it out: plain data in, plain data out, so that a worker
// process can do it as well as a thread or a loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cereal/types/memory.hpp>
#include <overlap/async/task.hpp>
#include <overlap/http.hpp>

#include "get/body_rest.hpp"

namespace overlap::get {

/// What all requests of a run share.
struct FetchConfig {
  http::SessionOptions session;
  http::Limits limits;  ///< max_redirects is 0 always: hops are queued by the run, under their own host's limits
  http::Headers headers;
  std::string method = "GET";
  std::string body;
  std::vector<std::string> accept_types;  ///< "image/*", "text/html": others are refused; empty: none are
  std::string directory;                  ///< empty: bodies are received and dropped
  bool no_clobber = false;                ///< a name that exists is left alone
  bool sync_each = false;                 ///< fsync every file before its rename
  bool has_spare_cpus = false;            ///< fewer threads receive than there are CPUs: others may make digests
  bool late_names = false;                ///< the body stays a part: whoever gets the receipt gives it its name

  std::uint64_t limit_rate = 0;  ///< bytes a second of the whole run; 0: no limit
  std::string bandwidth;         ///< SharedBandwidth::path() of that
  std::uint64_t workers = 1;     ///< processes, for where that cannot be opened

  template <class Archive>
  void serialize(Archive& archive) {
    archive(session, limits, headers, method, body, accept_types, directory, no_clobber, sync_each, has_spare_cpus,
            late_names, limit_rate, bandwidth, workers);
  }
};

/// What the server said of the body that is here: sent back, it answers 304 if that is still the one.
struct Validators {
  std::string etag;
  std::string last_modified;

  bool empty() const { return etag.empty() && last_modified.empty(); }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(etag, last_modified);
  }
};

/// In place of the number of bytes: there is nothing more to hear.
inline constexpr std::uint64_t kHeardAll = ~std::uint64_t{0};

struct FetchJob {
  std::uint64_t id = 0;  ///< the run's number for it
  std::string url;       ///< as Url::request() gives it
  std::string user;
  std::string password;
  http::Headers headers;            ///< besides those of the config
  bool send_config_headers = true;  ///< false after a redirect: `headers` then holds what is left of them
  bool as_get = false;              ///< a redirect asked for it: the method and the body of the config are not sent
  bool session_credentials = true;  ///< as in http::Request
  std::string path;                 ///< below the directory
  Validators unless;                ///< the body is wanted unless it is this one
  std::string sha256;               ///< that the body must have; empty: whatever it has
  CutBody cut;                      ///< what an earlier try has left: only the rest is asked for
  std::shared_ptr<const FetchConfig> config;
  /// Where to count the bytes that come, to be read meanwhile; null: nobody reads it. Stays in its process.
  std::atomic<std::uint64_t>* heard = nullptr;

  template <class Archive>
  void save(Archive& archive) const {
    archive(id, url, user, password, headers, send_config_headers, as_get, session_credentials, path, unless, sha256,
            cut, *config);
  }
  template <class Archive>
  void load(Archive& archive) {
    auto loaded = std::make_shared<FetchConfig>();
    archive(id, url, user, password, headers, send_config_headers, as_get, session_credentials, path, unless, sha256,
            cut, *loaded);
    config = std::move(loaded);
  }
};

/// What came of it.
struct Receipt {
  enum class Outcome : std::uint8_t {
    ok,
    redirect,
    failed,
    exists,     ///< the name was taken, and was to be left alone
    unchanged,  ///< the body is still the one of FetchJob::unless
  };

  Outcome outcome = Outcome::failed;
  http::ErrorClass error_class{};  ///< of a failure
  std::string message;
  bool may_retry = false;
  CutBody cut;                ///< of a failure: for the next try, which drops it if it does not need it
  bool disk_is_full = false;  ///< of a failure of class disk: nothing else will fit either
  int status = 0;             ///< 0 when no response came
  std::string location;       ///< of a redirect, as the server sent it
  std::string retry_after;    ///< the header as it was
  std::uint64_t bytes = 0;    ///< of the decoded body, or of the file that exists
  std::string sha256;         ///< of the body that was saved, in hex
  std::string content_type;   ///< this and the validators: as the server sent them
  Validators validators;
  Duration seconds{};             ///< of this request alone
  http::Timings timings;          ///< of the response, if one came
  std::string path;               ///< where the body is, below the directory; empty while it is a part
  std::string part;               ///< with FetchConfig::late_names: of the body
  std::string name;               ///< likewise: that the server gives it (Content-Disposition); any bytes
  std::string remote_address;     ///< who answered, as http::Response has it
  bool out_of_resources = false;  ///< of a failure: it is this machine that had no descriptor, port or memory left

  template <class Archive>
  void serialize(Archive& archive) {
    archive(outcome, error_class, message, may_retry, cut, disk_is_full, status, location, retry_after, bytes, sha256,
            content_type, validators, seconds, path, part, name, remote_address, out_of_resources, timings);
  }
};

/// The request that a job stands for, its Sink left open.
http::Request request_of(const FetchJob& job);

/// Makes one request (no redirect followed) and saves its body under the job's path: whole, or not at all. Never throws
/// for what the world does; the receipt says it.
Task<Receipt> fetch_one(FetchJob job);

/// The same, as a task of its own whose future `begun` is given first: for who has no other to ask it to stop by.
/// Throws CancelledError if it was.
Task<Receipt> fetch_and_tell(FetchJob job, std::function<void(Future<Receipt>)> begun);

}  // namespace overlap::get
