#include <overlap/http/sink.hpp>

namespace overlap::http {

Sink::~Sink() = default;

std::expected<void, Failure> Sink::end() { return {}; }

}  // namespace overlap::http
