// Where the answer is needed for the name of a body (its Content-Disposition, its digest): the worker leaves the body
// as a part, and the run, which alone knows which names are taken, gives it its name.
#include "get/run.hpp"

namespace overlap::get {

/// The receipt is then as if the worker had stored the body.
void Run::name_late(const Work& work, Receipt& receipt) {
  const auto url = parse_url(work.shown);  // which it was made of, so it is one
  NameFacts facts{*url, work.job.id, {}, receipt.sha256};
  if (!work.name.empty()) {
    facts.name = work.name;
  } else if (names_.takes_name_of_response() && !receipt.name.empty()) {
    facts.name = receipt.name;
  }
  const auto placed = place(receipt, names_.claim(facts, work.identity, work.job.path));
  if (placed) return;
  receipt.outcome = Receipt::Outcome::failed;
  receipt.error_class = http::ErrorClass::disk;
  receipt.message = placed.error().message;
  receipt.may_retry = placed.error().code == DiskErrorCode::too_many_files;
  receipt.disk_is_full = placed.error().is_out_of_space();
}

std::expected<void, DiskError> Run::place(Receipt& receipt, const std::string& path) const {
  CommitOptions options;
  options.clobber = plan_.config->no_clobber ? Clobber::keep : Clobber::replace;
  options.sync = plan_.config->sync_each ? Sync::each : Sync::none;
  auto stored = plan_.directory->commit_part(std::move(receipt.part), path, options);
  receipt.path = path;
  if (stored || stored.error().code != DiskErrorCode::exists) return stored;
  const auto size = plan_.directory->size_at(path);
  if (!size) return std::unexpected(size.error());
  receipt.outcome = Receipt::Outcome::exists;
  receipt.bytes = size->value_or(0);
  receipt.sha256.clear();  // that of the body, which is gone
  return {};
}

}  // namespace overlap::get
