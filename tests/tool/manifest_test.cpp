#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "manifest/reader.hpp"
#include "manifest/utc.hpp"
#include "manifest/writer.hpp"
#include "support/program.hpp"

namespace overlap::manifest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::TemporaryDirectory;

ItemRow row(std::uint64_t ordinal, State state = State::ok, std::string error_class = {}) {
  ItemRow made;
  made.ordinal = ordinal;
  made.url = "http://h/" + std::to_string(ordinal);
  made.state = state;
  made.error_class = std::move(error_class);
  made.path = std::to_string(ordinal);
  made.finished = "2026-01-01T00:00:00.000Z";
  return made;
}

class ManifestTest : public testing::Test {
 protected:
  ManifestTest() { std::filesystem::create_directory(directory_.file(".overlap")); }

  Writer writer(const std::string& source = "list", const std::string& names = "{name}", bool forget = false) {
    auto opened = Writer::open(directory_.file(".overlap/manifest.sqlite"), CommitSync::system);
    if (!opened) throw std::runtime_error(opened.error().message);
    other_names_ = opened->begin_run(start(source, names, forget)).value();
    return *std::move(opened);
  }

  static Writer::RunStart start(const std::string& source, const std::string& names, bool forget) {
    return {.source = source, .names = names, .options = "{}", .began = "2026-01-01T00:00:00.000Z", .forget = forget};
  }

  static std::vector<std::uint64_t> ordinals_after(Writer& writer, std::uint64_t ordinal, std::size_t limit) {
    std::vector<EarlierRow> rows;
    EXPECT_TRUE(writer.read_earlier(ordinal, limit, rows).has_value());
    std::vector<std::uint64_t> ordinals;
    for (const EarlierRow& one : rows) ordinals.push_back(one.ordinal);
    return ordinals;
  }

  const TemporaryDirectory directory_;
  std::optional<std::string> other_names_;
};

TEST_F(ManifestTest, RowsComeBackAsTheyWereStored) {
  ItemRow stored = row(7);
  stored.line = 9;
  stored.final_url = "http://h/final";
  stored.http_status = 200;
  stored.tries = 2;
  stored.bytes = 5'000'000'000;
  stored.sha256 = std::string(64, 'a');
  stored.content_type = "text/html";
  stored.etag = "\"e\"";
  stored.last_modified = "Sat, 01 Jan 2000 00:00:00 GMT";
  stored.same_as = 3;
  stored.started = "2026-01-01T00:00:00.000Z";
  stored.seconds = 0.25;
  stored.batch = 77;
  Writer manifest = writer();
  ASSERT_TRUE(manifest.store({.rows = {&stored, 1}, .begun_batches = {}, .synced = {}}).has_value());
  const ItemRow found = manifest.find(7).value().value();
  EXPECT_EQ(found.line, 9U);
  EXPECT_EQ(found.final_url, stored.final_url);
  EXPECT_EQ(found.http_status, 200);
  EXPECT_EQ(found.tries, 2);
  EXPECT_EQ(found.bytes, stored.bytes);
  EXPECT_EQ(found.sha256, stored.sha256);
  EXPECT_EQ(found.content_type, stored.content_type);
  EXPECT_EQ(found.etag, stored.etag);
  EXPECT_EQ(found.last_modified, stored.last_modified);
  EXPECT_EQ(found.path, "7");
  EXPECT_EQ(found.same_as, 3U);
  EXPECT_EQ(found.started, stored.started);
  EXPECT_EQ(found.finished, stored.finished);
  EXPECT_EQ(found.seconds, 0.25);
  EXPECT_EQ(found.batch, 77U);
  EXPECT_EQ(manifest.find(8).value(), std::nullopt);
}

TEST_F(ManifestTest, EarlierRowsAreReadInOrderAndInSteps) {
  const std::vector<ItemRow> rows = {row(3), row(1), row(1000), row(2)};
  Writer manifest = writer();
  ASSERT_TRUE(manifest.store({.rows = rows, .begun_batches = {}, .synced = {}}).has_value());
  EXPECT_THAT(ordinals_after(manifest, 0, 3), ElementsAre(1, 2, 3));
  EXPECT_THAT(ordinals_after(manifest, 3, 3), ElementsAre(1000));
  EXPECT_THAT(ordinals_after(manifest, 1000, 3), IsEmpty());
  EXPECT_EQ(manifest.last_ordinal().value(), 1000U);
}

TEST_F(ManifestTest, TheLastOutcomeStandsButAnInterruptionReplacesNone) {
  Writer manifest = writer();
  for (const ItemRow& outcome : {row(1, State::failed, "timeout"), row(1), row(1, State::failed, "interrupted"),
                                 row(2, State::failed, "interrupted")}) {
    ASSERT_TRUE(manifest.store({.rows = {&outcome, 1}, .begun_batches = {}, .synced = {}}).has_value());
  }
  EXPECT_EQ(manifest.find(1).value()->state, State::ok);
  EXPECT_EQ(manifest.find(2).value()->error_class, "interrupted");
}

TEST_F(ManifestTest, ListsAreApart) {
  const ItemRow first = row(1);
  {
    Writer manifest = writer("one");
    ASSERT_TRUE(manifest.store({.rows = {&first, 1}, .begun_batches = {}, .synced = {}}).has_value());
  }
  {
    Writer manifest = writer("two");
    EXPECT_EQ(manifest.last_ordinal().value(), 0U);
    ASSERT_TRUE(manifest.store({.rows = {&first, 1}, .begun_batches = {}, .synced = {}}).has_value());
  }
  Writer forgetting = writer("two", "{name}", true);
  EXPECT_EQ(forgetting.last_ordinal().value(), 0U);
  EXPECT_EQ(writer("one").last_ordinal().value(), 1U);
}

TEST_F(ManifestTest, ForgettingTakesEveryRowOfALongList) {
  std::vector<ItemRow> rows;
  for (std::uint64_t ordinal = 1; ordinal <= 120'000; ++ordinal) rows.push_back(row(ordinal));
  writer("other");
  ASSERT_TRUE(writer("long").store({.rows = rows, .begun_batches = {}, .synced = {}}).has_value());
  EXPECT_EQ(writer("long", "{name}", true).last_ordinal().value(), 0U);
}

TEST_F(ManifestTest, OtherNamesForAListAreSaidAndNothingBegins) {
  writer("list", "{name}");
  EXPECT_EQ(other_names_, std::nullopt);
  writer("list", "{index}");
  EXPECT_EQ(other_names_, "{name}");
  writer("list", "{index}", true);
  EXPECT_EQ(other_names_, std::nullopt);
}

TEST_F(ManifestTest, ABatchIsInDoubtUntilItIsSynced) {
  std::uint64_t batch = 0;
  {
    Writer manifest = writer();
    batch = manifest.first_batch();
    ItemRow stored = row(1);
    stored.batch = batch;
    ASSERT_TRUE(manifest.store({.rows = {&stored, 1}, .begun_batches = {batch}, .synced = {}}).has_value());
    EXPECT_THAT(manifest.unsynced().value(), ElementsAre(batch));
  }
  EXPECT_THAT(writer("other").unsynced().value(), IsEmpty());
  Writer manifest = writer();
  EXPECT_THAT(manifest.unsynced().value(), ElementsAre(batch));
  EXPECT_GT(manifest.first_batch(), batch);
  ASSERT_TRUE(manifest.store({.rows = {}, .begun_batches = {}, .synced = {batch}}).has_value());
  EXPECT_THAT(manifest.unsynced().value(), IsEmpty());
}

TEST_F(ManifestTest, CanBeReadWhileARunWritesAndItsLogIsMoved) {
  Writer manifest = writer();
  Checkpointer checkpointer(directory_.file(".overlap/manifest.sqlite"));
  auto reader = Reader::open(directory_.path());
  ASSERT_TRUE(reader.has_value());
  for (std::uint64_t ordinal = 1; ordinal <= 50; ++ordinal) {
    const ItemRow stored = row(ordinal);
    ASSERT_TRUE(manifest.store({.rows = {&stored, 1}, .begun_batches = {}, .synced = {}}).has_value());
    ASSERT_TRUE(checkpointer.run().has_value());
    EXPECT_EQ(reader->counts().value().at(0).items, ordinal);
  }
}

TEST_F(ManifestTest, TheRunSaysHowItEnded) {
  Writer manifest = writer();
  auto reader = Reader::open(directory_.path());
  EXPECT_EQ(reader->last_run().value()->ended, "");
  RunRow run;
  run.ended = "2026-01-01T00:00:01.000Z";
  run.outcome = "complete";
  run.items = 3;
  ASSERT_TRUE(manifest.end_run(run).has_value());
  EXPECT_EQ(reader->last_run().value()->outcome, "complete");
  EXPECT_EQ(reader->last_run().value()->items, 3U);
}

TEST(Utc, IsWrittenToTheMillisecondAndSorts) {
  using namespace std::chrono;
  const sys_time<milliseconds> time = sys_days(year(2026) / November / 7) + hours(9) + minutes(5) + milliseconds(4007);
  EXPECT_EQ(utc_text(time), "2026-11-07T09:05:04.007Z");
  EXPECT_EQ(utc_text({}), "1970-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace overlap::manifest
