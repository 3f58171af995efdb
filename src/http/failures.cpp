#include "http/failures.hpp"

#include <cerrno>
#include <new>

#include "http/url.hpp"

namespace overlap::http::detail {
namespace {

struct Verdict {
  ErrorClass error_class;
  bool may_retry;
};

bool says(const Ending& ending, std::string_view words) noexcept {
  return ending.detail.find(words) != std::string_view::npos;
}

// The connection broke; but CURLE_RECV_ERROR is also said of an answer that libcurl cannot read.
Verdict of_receive(const Ending& ending) {
  if (says(ending, "chunked-encoding") || says(ending, "Too large response headers"))
    return {ErrorClass::protocol, false};
  if (!ending.answered) return {ErrorClass::connect, true};
  return {ErrorClass::truncated, true};
}

// A body that ended too early. Of a chunked one there is no saying whether it was cut or never finished.
Verdict of_partial(const Ending& ending) {
  return {ending.chunked ? ErrorClass::protocol : ErrorClass::truncated, true};
}

// The handshake failed: over the certificate or the protocol, or because the connection broke.
Verdict of_handshake(const Ending& ending) {
  const bool broke =
      says(ending, "SSL_ERROR_SYSCALL") || says(ending, "Connection reset") || says(ending, "unexpected eof");
  if (broke) return {ErrorClass::connect, true};
  return {ErrorClass::tls, false};
}

Verdict judge(const Ending& ending) {
  switch (ending.code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return {ErrorClass::bad_input, false};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {ErrorClass::dns, true};
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_NO_CONNECTION_AVAILABLE:
    case CURLE_PROXY:
    case CURLE_SEND_ERROR:
      return {ErrorClass::connect, true};
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
      return of_receive(ending);
    case CURLE_PARTIAL_FILE:
      return of_partial(ending);
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorClass::timeout, true};
    case CURLE_SSL_CONNECT_ERROR:
      return of_handshake(ending);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_USE_SSL_FAILED:
      return {ErrorClass::tls, false};
    case CURLE_BAD_CONTENT_ENCODING:
      return {ErrorClass::decode, false};
    case CURLE_FILESIZE_EXCEEDED:
      return {ErrorClass::too_large, false};
    case CURLE_TOO_MANY_REDIRECTS:
      return {ErrorClass::redirect, false};
    case CURLE_ABORTED_BY_CALLBACK:
      return {ErrorClass::interrupted, false};
    case CURLE_HTTP2:         // GOAWAY, ENHANCE_YOUR_CALM: the connection was ended
    case CURLE_HTTP2_STREAM:  // REFUSED_STREAM and its kin: this request was
      return {ErrorClass::protocol, true};
    default:  // among them CURLE_UNSUPPORTED_PROTOCOL, which for a checked URL is said of the answer (HTTP/0.9)
      return {ErrorClass::protocol, false};
  }
}

}  // namespace

bool is_exhaustion(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == EADDRNOTAVAIL;
}

Failure classify(const Ending& ending) {
  // libcurl says "out of memory" of a line of the head that is longer than it takes.
  const bool long_head = ending.code == CURLE_OUT_OF_MEMORY && ending.answered && !ending.head_complete;
  if (ending.code == CURLE_OUT_OF_MEMORY && !long_head) throw std::bad_alloc();
  const Verdict verdict = judge(ending);
  std::string_view reason = ending.detail;
  if (long_head) reason = "the head of the response is too long";
  if (reason.empty()) reason = curl_easy_strerror(ending.code);
  std::string url(ending.url);
  if (ending.code == CURLE_URL_MALFORMAT) url = show_malformed(url);
  return {verdict.error_class, message_about(url, reason), verdict.may_retry, ending.status};
}

}  // namespace overlap::http::detail
