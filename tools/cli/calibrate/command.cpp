#include <faceio/eval/all_pairs_calibration.hpp>
#include <faceio/eval/calibration.hpp>
#include <faceio/faceio.hpp>

#include <cinttypes>
#include <cstdio>
#include <filesystem>

#include "calibration_set.hpp"
#include "../commands.hpp"
#include "../json_object.hpp"
#include "../rate_text.hpp"
#include "../weights.hpp"

namespace cli {
namespace {

using faceio::eval::Calibration;
using faceio::eval::CalibrationRow;
using faceio::eval::MeasuredRate;

/// Dot products by the kernel that Embedder::cosine uses, so that thresholds fit its rounding.
faceio::eval::DotRow dot_of(const faceio::host::OwnedEmbedder& embedder) {
  const faceio::KernelTable* const kernels = embedder.embedder().bound().kernels;
  return [kernels](const float* row, const float* columns, size_t count, size_t length, float* scores) {
    for (size_t c = 0; c < count; ++c) {
      kernels->dot_f32({row, columns + c * length, static_cast<int32_t>(length), scores + c});
    }
  };
}

/// Refuses before hours of work what the pictures could not support even if every face were found.
void check_support(const PictureFolders& folders, const std::vector<double>& fars) {
  std::vector<uint32_t> pictures;
  for (const PersonFolder& person : folders.people) {
    pictures.push_back(static_cast<uint32_t>(person.pictures.size()));
  }
  const uint64_t impostors = faceio::eval::PairCounts::of(pictures).impostor;
  for (const double far : fars) faceio::eval::check_support(far, impostors);
}

std::string label_of(const CalibrateArguments& arguments) {
  if (!arguments.label.empty()) return arguments.label;
  std::filesystem::path folder = std::filesystem::path(arguments.folder).lexically_normal();
  if (folder.filename().empty()) folder = folder.parent_path();
  return folder.filename().string();
}

double fpir_of(const CalibrationRow& row, uint64_t gallery) {
  return faceio::eval::false_positive_identification_rate(row.observed_far.rate, gallery);
}

/// NAME, NAME_pairs_interval, NAME_people_interval.
void add_rate(JsonObject& object, const std::string& name, const MeasuredRate& measured) {
  object.number(name, measured.rate)
      .json(name + "_pairs_interval", interval_json(measured.pairs))
      .json(name + "_people_interval", interval_json(measured.people));
}

void print_json(const Calibration& calibration, const EmbeddedSet& set, const PictureFolders& folders,
                const CalibrateArguments& arguments) {
  std::string rows;
  for (const CalibrationRow& row : calibration.rows) {
    JsonObject object;
    object.number("far", row.target_far).number("threshold", row.threshold);
    add_rate(object, "observed_far", row.observed_far);
    add_rate(object, "tar", row.tar);
    object.number("fpir", fpir_of(row, arguments.gallery));
    rows += (rows.empty() ? "" : ",") + object.str();
  }
  JsonObject object;
  object.text("model_id", model_id_text(calibration.model_id))
      .text("source", calibration.source)
      .count("people", calibration.people)
      .count("pictures", calibration.pictures)
      .count("genuine_pairs", calibration.genuine_pairs)
      .count("impostor_pairs", calibration.impostor_pairs)
      .count("gallery", arguments.gallery)
      .json("no_face", json_strings(set.no_face))
      .json("unreadable", json_strings(set.unreadable))
      .json("other_files", json_strings(folders.other_files))
      .number("confidence", calibration.confidence)
      .json("rows", "[" + rows + "]");
  std::printf("%s\n", object.str().c_str());
}

void print_table(const Calibration& calibration, const EmbeddedSet& set, const CalibrateArguments& arguments) {
  std::printf("%s\n%" PRIu64 " pictures of %" PRIu64 " people; %zu more without a face, %zu unreadable\n",
              calibration.source.c_str(), calibration.pictures, calibration.people, set.no_face.size(),
              set.unreadable.size());
  std::printf("%" PRIu64 " genuine pairs, %" PRIu64 " pairs of strangers\n\n", calibration.genuine_pairs,
              calibration.impostor_pairs);
  std::printf("Intervals are of %.0f %%: over pairs (Clopper-Pearson) / over people (bootstrap).\n"
              "FPIR: strangers taken for somebody in a gallery of %" PRIu64 ", 1 - (1 - FAR)^%" PRIu64 ".\n\n",
              100.0 * calibration.confidence, arguments.gallery, arguments.gallery);
  std::printf("%-8s %-9s  %-8s  %-39s  %-7s  %-31s  %s\n", "FAR", "threshold", "observed", "intervals of FAR",
              "TAR %", "intervals of TAR %", "FPIR %");
  for (const CalibrationRow& row : calibration.rows) {
    const MeasuredRate &far = row.observed_far, &tar = row.tar;
    const auto percent = [](double rate) { return 100.0 * rate; };
    std::printf("%-8s %9.4f  %.2e  %.2e..%.2e / %.2e..%.2e  %7.3f  %6.2f..%6.2f / %6.2f..%6.2f  %6.2f\n",
                far_text(row.target_far).c_str(), row.threshold, far.rate, far.pairs.low, far.pairs.high,
                far.people.low, far.people.high, percent(tar.rate), percent(tar.pairs.low),
                percent(tar.pairs.high), percent(tar.people.low), percent(tar.people.high),
                percent(fpir_of(row, arguments.gallery)));
  }
}

void print_closest(const faceio::eval::AllPairsCalibration& result, const EmbeddedSet& set) {
  std::printf("\nThe most similar strangers; if some are one person, move the pictures into one folder:\n");
  for (const faceio::eval::ImpostorPair& pair : result.closest_impostors) {
    std::printf("  %.4f  %s  %s\n", static_cast<double>(pair.cosine), set.pictures[pair.a].c_str(),
                set.pictures[pair.b].c_str());
  }
}

}  // namespace

Outcome run_calibrate(const Arguments& arguments) {
  const CalibrateArguments& asked = arguments.calibrate;
  const PictureFolders folders = PictureFolders::list(asked.folder);
  for (const std::string& file : folders.other_files) {
    std::fprintf(stderr, "faceio: %s: no picture of a person's folder; left out\n", file.c_str());
  }
  const std::string label = label_of(asked);
  faceio::eval::check_source(label, "--label");
  check_support(folders, asked.fars);
  faceio::host::OwnedEmbedder embedder = load_embedder(arguments);
  const EmbeddedSet set = embed_all(arguments, folders, embedder);

  faceio::eval::AllPairsCalibrationOptions options;
  options.model_id = embedder.blob().model_id();
  options.source = label;
  options.target_fars = asked.fars;
  options.dot = dot_of(embedder);
  const faceio::eval::AllPairsCalibration result =
      faceio::eval::calibrate_all_pairs(set.block(), set.length, options);
  if (arguments.json) {
    print_json(result.calibration, set, folders, asked);
  } else {
    print_table(result.calibration, set, asked);
    print_closest(result, set);
  }
  if (asked.out_path.empty()) return Outcome::done;
  faceio::eval::write_calibration(asked.out_path, result.calibration);
  if (!arguments.json) {
    std::printf("\nwritten to %s; faceio compare --calibration uses it\n", asked.out_path.c_str());
  }
  return Outcome::done;
}

}  // namespace cli
