// main() for compilers without libFuzzer: runs a fuzzer's entry point over the files and directories it is given.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

bool replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(input.data(), input.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::vector<fs::path> inputs;
  for (int i = 1; i < argc; ++i) {
    if (fs::is_directory(argv[i])) {
      for (const auto& entry : fs::directory_iterator(argv[i])) inputs.push_back(entry.path());
    } else {
      inputs.emplace_back(argv[i]);
    }
  }
  for (const fs::path& input : inputs) {
    std::printf("%s\n", input.c_str());  // first, so that the last line names the one that failed
    std::fflush(stdout);
    if (replay(input)) continue;
    std::fprintf(stderr, "cannot read %s\n", input.c_str());
    return 2;
  }
  if (inputs.empty()) std::fprintf(stderr, "nothing to replay\n");
  return inputs.empty() ? 2 : 0;
}
