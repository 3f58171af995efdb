#include "get/earlier_rows.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "support/program.hpp"

namespace overlap::get {
namespace {

using manifest::EarlierRow;
using manifest::ItemRow;
using manifest::State;

/// A directory with the rows and files of an earlier run: those that `has_row` and `has_file` say.
class EarlierRowsTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kLast = 5000;

  EarlierRowsTest()
      : writer_(manifest::Writer::open(directory_.file("m.sqlite"), manifest::CommitSync::system).value()) {
    writer_.begin_run({.source = "s", .names = "n", .options = "{}", .began = "now"}).value();
    std::vector<ItemRow> rows;
    for (std::uint64_t ordinal = 1; ordinal <= kLast; ++ordinal) {
      if (!has_row(ordinal)) continue;
      ItemRow row;
      row.ordinal = ordinal;
      row.url = "http://h/" + std::to_string(ordinal);
      row.state = ordinal % 5 == 0 ? State::failed : State::ok;
      row.path = std::to_string(ordinal);
      row.bytes = ordinal % 11 == 0 ? 2 : 1;  // another size than the file's
      rows.push_back(row);
      if (!has_file(ordinal)) continue;
      const FileDescriptor file(::open(directory_.file(row.path).c_str(), O_WRONLY | O_CREAT, 0600));
      if (::write(file.get(), "x", 1) != 1) throw std::runtime_error("write");
    }
    writer_.store({.rows = rows, .begun_batches = {}, .synced = {}}).value();
  }

  static bool has_row(std::uint64_t ordinal) { return ordinal % 3 != 0 && (ordinal < 1500 || ordinal > 3600); }
  static bool has_file(std::uint64_t ordinal) { return ordinal % 7 != 0; }
  static bool has_size(std::uint64_t ordinal) { return has_file(ordinal) && ordinal % 5 != 0 && ordinal % 11 != 0; }

  const testing_support::TemporaryDirectory directory_;
  manifest::Writer writer_;
};

TEST_F(EarlierRowsTest, EveryEntryGetsItsRowAndWhetherItsFileIsThere) {
  const std::optional<StoredFiles> files = StoredFiles::open(directory_.path()).value();
  EarlierRows rows(writer_, files, kLast);
  for (std::uint64_t ordinal = 1; ordinal <= kLast + 10; ++ordinal) {
    const EarlierRow* const row = rows.at(ordinal).value();
    ASSERT_EQ(row != nullptr, ordinal <= kLast && has_row(ordinal)) << ordinal;
    if (row == nullptr) continue;
    ASSERT_EQ(row->ordinal, ordinal);
    ASSERT_EQ(row->url, "http://h/" + std::to_string(ordinal));
    ASSERT_EQ(row->has_size, has_size(ordinal)) << ordinal;
  }
}

TEST_F(EarlierRowsTest, MayBeLeftWhileFilesAreLookedAt) {
  const std::optional<StoredFiles> files = StoredFiles::open(directory_.path()).value();
  for (int i = 0; i < 50; ++i) {
    EarlierRows rows(writer_, files, kLast);
    EXPECT_NE(rows.at(1).value(), nullptr);
  }
}

TEST_F(EarlierRowsTest, WithoutFilesNothingIsThere) {
  const std::optional<StoredFiles> none;
  EarlierRows rows(writer_, none, kLast);
  for (std::uint64_t ordinal = 1; ordinal <= kLast; ++ordinal) {
    const EarlierRow* const row = rows.at(ordinal).value();
    ASSERT_TRUE(row == nullptr || !row->has_size);
  }
}

}  // namespace
}  // namespace overlap::get
