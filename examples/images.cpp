// Large images saved under the last part of their URL: images MODEL DIRECTORY URL...
#include <overlap/http.hpp>
#include <overlap/overlap.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "model.hpp"

overlap::Task<std::string> download_image(std::string url, std::string directory) {
  auto response = co_await overlap::http::get(url);
  if (response.status != 200) throw std::runtime_error(url + ": status " + std::to_string(response.status));
  const auto path = std::filesystem::path(directory) / url.substr(url.rfind('/') + 1);
  std::ofstream file(path, std::ios::binary);
  if (!file.write(response.body.data(), static_cast<std::streamsize>(response.body.size())).flush()) {
    throw std::runtime_error("cannot write " + path.string());
  }
  co_return path.filename().string();
}

int main(int argc, char** argv) {
  overlap::main_guard guard(argc, argv);
  if (argc < 4) return std::fprintf(stderr, "usage: images inline|threads|loop|processes DIRECTORY URL...\n"), 2;
  const std::vector<std::string> urls(argv + 3, argv + argc);
  const std::vector<std::string> directories(urls.size(), argv[2]);

  auto executor = executor_for(argv[1]);
  const auto begin = overlap::Clock::now();
  for (std::string name : executor->map(download_image, urls, directories))
    std::printf("%s was downloaded\n", name.c_str());
  std::printf("Finished in %.2f seconds\n", seconds_since(begin));
}
