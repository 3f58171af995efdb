#include <overlap/core/detail/shipping.hpp>

#include <unordered_set>

#include <overlap/core/errors.hpp>

namespace overlap::detail {
namespace {

// Written by static objects before main() and by libraries as they are loaded (the loader's lock orders those), read
// by workers, which have one thread.
std::unordered_set<const void*>& thunks() {
  static auto* const set = new std::unordered_set<const void*>;
  return *set;
}

}  // namespace

bool register_thunk(Thunk thunk) { return thunks().insert(reinterpret_cast<const void*>(thunk)).second; }

bool is_registered_thunk(const void* address) { return thunks().contains(address); }

void encode_error_outcome(Encoder& out, std::exception_ptr error) {
  out(OutcomeTag::error);
  encode_exception(out, std::move(error));
}

bool is_cancellation(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace overlap::detail
