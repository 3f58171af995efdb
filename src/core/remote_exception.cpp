#include <overlap/core/remote_exception.hpp>

#include <cxxabi.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>

#include <overlap/core/hook.hpp>
#include <overlap/core/mutex.hpp>

namespace overlap::detail {
namespace {

constexpr int kDeepestNesting = 16;  // of exceptions within exceptions; what lies deeper is left out

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free);
  return status == 0 && text ? text.get() : name;
}

/// Type names to makers. Filled by static objects and main(), read by every pool.
class Registry {
 public:
  static Registry& instance() {
    static Registry* const registry = new Registry;
    return *registry;
  }

  void add(const std::type_info& type, ExceptionMaker maker) OVERLAP_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    makers_[type.name()] = maker;
  }
  std::exception_ptr make(const std::string& name, const std::string& message, const std::exception_ptr& inner)
      OVERLAP_EXCLUDES(mutex_) {
    ExceptionMaker maker = nullptr;
    {
      const MutexLock lock(mutex_);
      const auto found = makers_.find(name);
      if (found != makers_.end()) maker = found->second;
    }
    if (maker != nullptr) return maker(message, inner);
    return make_exception(RemoteError(demangled(name.c_str()), message), inner);
  }

 private:
  Registry() OVERLAP_EXCLUDES(mutex_) {
    add_all<std::runtime_error, std::logic_error, std::invalid_argument, std::domain_error, std::length_error,
            std::out_of_range, std::range_error, std::overflow_error, std::underflow_error, CancelledError,
            TimeoutError, BrokenExecutor, BrokenThreadPool, WorkerCrashed, TaskTimedOut, NotShippable, WouldDeadlock,
            Error>();
    add(typeid(std::bad_alloc),
        [](const std::string&, const std::exception_ptr& inner) { return make_exception(std::bad_alloc(), inner); });
  }
  template <class... E>
  void add_all() OVERLAP_EXCLUDES(mutex_) {
    (add(typeid(E),
         [](const std::string& message, const std::exception_ptr& inner) { return make_exception(E(message), inner); }),
     ...);
  }

  Mutex mutex_;
  std::unordered_map<std::string, ExceptionMaker> makers_ OVERLAP_GUARDED_BY(mutex_);
};

std::string type_name(const std::exception_ptr& error) {
  const std::type_info* const type = error ? error.__cxa_exception_type() : nullptr;
  return type != nullptr ? type->name() : "unknown";
}

std::exception_ptr nested_in(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::nested_exception& nested) {
    return nested.nested_ptr();
  } catch (...) {
    return nullptr;
  }
}

// std::throw_with_nested() throws a type of the standard library's own that derives from the user's type and is named
// after it (Itanium C++ ABI mangling): only the user's type means something at the other end.
std::string plain_type_name(const std::exception_ptr& error) {
  std::string name = type_name(error);
  const std::string_view prefix = "St17_Nested_exceptionI";
  if (name.starts_with(prefix) && name.ends_with('E'))
    name = name.substr(prefix.size(), name.size() - prefix.size() - 1);
  return name;
}

/// Null when there is none.
std::exception_ptr decode_at_depth(Decoder& in, int depth) {
  bool more = false;
  in(more);
  if (!more) return nullptr;
  if (depth == kDeepestNesting) throw NotShippable("an error between processes is nested too deeply");
  std::string name;
  std::string message;
  in(name, message);
  const std::exception_ptr inner = decode_at_depth(in, depth + 1);
  return Registry::instance().make(name, message, inner);
}

}  // namespace

void register_exception(const std::type_info& type, ExceptionMaker make) { Registry::instance().add(type, make); }

void encode_exception(Encoder& out, std::exception_ptr error) {
  int depth = 0;
  for (; error && depth < kDeepestNesting; ++depth) {
    out(true, plain_type_name(error), describe(error));
    error = nested_in(error);
  }
  out(false);
}

std::exception_ptr decode_exception(Decoder& in) {
  std::exception_ptr error = decode_at_depth(in, 0);
  if (!error) throw NotShippable("a message between processes has no error where one must be");
  return error;
}

}  // namespace overlap::detail
