// What a run would do, without doing any of it.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/result_stream.hpp"
#include "get/ledger.hpp"
#include "get/list_reader.hpp"
#include "get/name_plan.hpp"
#include "get/repeats.hpp"
#include "get/stored_files.hpp"
#include "get/url.hpp"

namespace overlap::get {

/// Goes through the list and says a line an entry: what would be asked for, where it would go, and why, or why not.
/// Nothing is sent, and nothing on the disk changes.
class DryRun {
 public:
  struct Options {
    ResumeRules rules;
    bool dedupe = false;
    bool saves = true;                 ///< bodies get names
    std::optional<StoredFiles> taken;  ///< with --no-clobber: whose names are left alone
    bool json = false;                 ///< a JSON object a line, else URL, path and reason with tabs between
  };

  struct Counts {
    std::uint64_t fetched = 0;  ///< would be
    std::uint64_t left = 0;
    std::uint64_t bad_input = 0;
  };

  /// The ledger must outlive it.
  DryRun(Options options, std::vector<ListReader> lists, NamePlan names, Ledger& ledger, cli::ResultStream& out);

  /// The error: the list could not be read, or is another one than it was.
  std::expected<Counts, std::string> execute();

 private:
  struct Verdict {
    std::string_view action;  // fetch, skip, bad_input
    std::string url;
    std::string path;
    std::string why;
  };
  using Judged = std::expected<Verdict, std::string>;

  Judged judge(const ListEntry& entry);
  Judged refuse(const BadLine& line, const manifest::EarlierRow* earlier) const;
  Judged judge_item(const Item& item, const manifest::EarlierRow* earlier);
  Verdict by_what_is_there(const Item& item, const manifest::EarlierRow* earlier, Verdict verdict);
  std::string path_of(const Item& item, const Url& url, const manifest::EarlierRow* earlier);
  void print(const ListEntry& entry, const Verdict& verdict);

  const Options options_;
  std::vector<ListReader> lists_;
  NamePlan names_;
  Ledger& ledger_;
  cli::ResultStream& out_;
  Repeats urls_;
  std::uint64_t items_ = 0;
  Counts counts_;
};

}  // namespace overlap::get
