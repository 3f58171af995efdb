#include <overlap/core/detail/code_address.hpp>

#include <elf.h>
#include <link.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <overlap/core/errors.hpp>
#include <overlap/core/mutex.hpp>

namespace overlap::detail {
namespace {

struct CodeRange {
  std::uintptr_t begin;
  std::uintptr_t end;
};

struct Module {
  std::uintptr_t base = 0;
  std::string name;
  std::vector<CodeRange> code;
  bool has_build_id = false;
  std::array<unsigned char, 20> build_id{};

  bool holds(std::uintptr_t address) const noexcept {
    for (const CodeRange& range : code) {
      if (address >= range.begin && address < range.end) return true;
    }
    return false;
  }
};

std::size_t align4(std::size_t size) noexcept { return (size + 3) & ~std::size_t{3}; }

// Walks the notes of one PT_NOTE segment; the layout is the ELF specification's: a header, the name and the
// description, each padded to four bytes.
void read_build_id(const unsigned char* notes, std::size_t size, Module& module) {
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes, sizeof header);
    const std::size_t whole = sizeof header + align4(header.n_namesz) + align4(header.n_descsz);
    if (whole > size) return;
    const unsigned char* const name = notes + sizeof header;
    const unsigned char* const description = name + align4(header.n_namesz);
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
      std::memcpy(module.build_id.data(), description, std::min<std::size_t>(header.n_descsz, module.build_id.size()));
      module.has_build_id = true;
      return;
    }
    notes += whole;
    size -= whole;
  }
}

int add_module(dl_phdr_info* info, std::size_t, void* out) {
  Module module;
  module.base = info->dlpi_addr;
  module.name = info->dlpi_name != nullptr && *info->dlpi_name != '\0' ? info->dlpi_name : "the program";
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    const std::uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD && (header.p_flags & PF_X) != 0)
      module.code.push_back({begin, begin + header.p_memsz});
    if (header.p_type == PT_NOTE && !module.has_build_id) {
      read_build_id(reinterpret_cast<const unsigned char*>(begin), header.p_memsz, module);
    }
  }
  static_cast<std::vector<Module>*>(out)->push_back(std::move(module));
  return 0;
}

/// The loaded modules, read again when something is not found: a library may have been loaded since.
class Modules {
 public:
  static Modules& instance() {
    static Modules* const modules = new Modules;
    return *modules;
  }

  /// What `use` gives for the module that matches; nothing when none does.
  template <class Result, class Match, class Use>
  std::optional<Result> find(Match match, Use use) OVERLAP_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    for (const bool reread : {false, true}) {
      if (reread) read();
      for (const Module& module : modules_) {
        if (match(module)) return use(module);
      }
    }
    return std::nullopt;
  }

 private:
  void read() OVERLAP_REQUIRES(mutex_) {
    modules_.clear();
    dl_iterate_phdr(add_module, &modules_);
  }

  Mutex mutex_;
  std::vector<Module> modules_ OVERLAP_GUARDED_BY(mutex_);
};

}  // namespace

CodeAddress locate_code(const void* address) {
  const auto place = reinterpret_cast<std::uintptr_t>(address);
  const auto matches = [place](const Module& module) { return module.holds(place); };
  const auto located = Modules::instance().find<CodeAddress>(matches, [place](const Module& module) {
    if (!module.has_build_id) {
      throw NotShippable(module.name +
                         " has no build-id: link it with -Wl,--build-id to send its functions to workers");
    }
    return CodeAddress{module.build_id, 0, place - module.base};
  });
  if (!located) throw NotShippable("a function that lies in no loaded module cannot cross to another process");
  return *located;
}

const void* resolve_code(const CodeAddress& address) {
  const auto matches = [&](const Module& module) { return module.has_build_id && module.build_id == address.build_id; };
  const auto place = Modules::instance().find<std::uintptr_t>(matches, [&](const Module& module) {
    const std::uintptr_t inside = module.base + address.offset;
    if (!module.holds(inside)) throw NotShippable("the code of this task lies outside the code of " + module.name);
    return inside;
  });
  if (!place) throw NotShippable("the code of this task is in a module that the worker has not loaded");
  return reinterpret_cast<const void*>(*place);
}

}  // namespace overlap::detail
