#pragma once
/// A place in the program's code that means the same in every process that runs the same program: the build-id of the
/// module (executable or shared library) and the offset within it.

#include <array>
#include <cstdint>

namespace overlap::detail {

struct CodeAddress {
  std::array<unsigned char, 20> build_id;
  std::uint32_t reserved;
  std::uint64_t offset;
};

/// Thread-safe. Throws NotShippable when the address is in no module, or the module has no build-id.
CodeAddress locate_code(const void* address);

/// The address in this process. Throws NotShippable when no loaded module has the build-id, or the offset is not within
/// the module's executable code.
const void* resolve_code(const CodeAddress& address);

}  // namespace overlap::detail
